//! The key that signs bundles.

use std::path::Path;

use portcullis::jose::{Algorithm, KeySet};
use portcullis::limits::BUNDLE_BYTES;
use portcullis::parts::{BUNDLE_ALGORITHMS, BUNDLE_TYPE};

use super::payload::Payload;
use crate::key::{self, Key};
use crate::output::Failure;

/// A private key, and the public half of it.
pub(crate) struct Signer {
    key: Key,
    algorithm: Algorithm,
    pub(super) public: KeySet,
}

impl Signer {
    /// The key in the file `path`, the value of `--key`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let (key, place) = Key::read_private("--key", path)?;
        let algorithm = key.algorithm.or_else(|| key.material.only_algorithm());
        let Some(algorithm) = algorithm.filter(|algorithm| BUNDLE_ALGORITHMS.contains(algorithm)) else {
            let names = BUNDLE_ALGORITHMS.map(Algorithm::name).join(", ");
            return Err(format!(
                "{place}: a bundle is signed under one of {names}; make a key with `portcullis key generate --alg EdDSA`"
            ));
        };
        key.check().map_err(|error| format!("{place}: {error}"))?;
        let public = key.verifying(&[algorithm]).map_err(|error| format!("{place}: {error}"))?;
        Ok(Self { key, algorithm, public })
    }

    /// The bundle with this payload.
    pub(super) fn sign(&self, payload: &Payload) -> Result<String, Failure> {
        payload.contents()?;
        let kid = self.key.id.as_deref();
        let bundle = key::sign(&self.key, self.algorithm, kid, BUNDLE_TYPE, &payload.members()?)?;
        if bundle.len() > BUNDLE_BYTES {
            return Err(format!(
                "the bundle would have {} bytes, and a gate reads at most {BUNDLE_BYTES}; leave out what has expired",
                bundle.len()
            ));
        }
        Ok(bundle)
    }
}
