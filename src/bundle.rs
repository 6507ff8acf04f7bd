//! The signed bundle: what changes more often than a configuration, in one signed document.
//!
//! Records of API keys, what was taken back, and the keys of issuers, as the payload of a JWS
//! ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)) under a key that the configuration pins. It counts as a whole or not
//! at all, and never before it was verified.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::alg::Algorithm;
use crate::api_key::{ApiKeyRecord, ApiKeys, ApiKeysError, Records};
use crate::error::TokenError;
use crate::jwk::{JwkSet, JwkSetError};
use crate::jws::UnverifiedToken;
use crate::key::KeySet;
use crate::limits::{BUNDLE_BYTES, LEEWAY_SECS};
use crate::policy::role::Roles;
use crate::revocation::Revocations;
use crate::time::UnixTime;

/// The `typ` of a bundle: no token has it, so that neither is taken for the other
/// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
pub const BUNDLE_TYPE: &str = "portcullis-bundle+jwt";

/// What a bundle may be signed with.
pub const BUNDLE_ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::Ed25519, Algorithm::ES256];

/// Where a bundle is fetched from, and what makes one good.
#[derive(Clone)]
pub struct BundleSource {
    /// Where it is.
    pub url: String,
    /// The keys it may be signed with.
    pub keys: KeySet,
    /// For how long it is used after it has expired, while no newer one can be fetched, in seconds.
    pub stale_secs: u64,
    /// The lowest version that is accepted.
    pub min_version: u64,
    /// The issuers whose keys are taken from it.
    pub issuers: Vec<BundledIssuer>,
    /// Reads the payload: its language is that of configurations. The error names a place, and none of what stands there.
    pub read: fn(&[u8]) -> Result<BundleContents, String>,
}

/// An issuer whose keys are in the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledIssuer {
    /// Its name, under which the bundle has its keys.
    pub name: String,
    /// The algorithms that its tokens may be signed with; if empty, those of the keys.
    pub algorithms: Vec<Algorithm>,
}

/// The payload of a bundle.
#[derive(Debug, Clone)]
pub struct BundleContents {
    /// Counts the bundles of one publisher.
    pub version: u64,
    /// `iat`
    pub issued_at: UnixTime,
    /// `exp`
    pub expires_at: UnixTime,
    /// Records of API keys.
    pub records: Vec<ApiKeyRecord>,
    /// What was taken back.
    pub revocations: Revocations,
    /// JWK Sets, by the names of their issuers.
    pub key_sets: BTreeMap<String, JwkSet>,
}

/// Why a bundle is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// Longer than [`BUNDLE_BYTES`].
    #[error("the bundle is longer than {BUNDLE_BYTES} bytes")]
    TooLong,
    /// Not a JWS that one of the pinned keys has signed.
    #[error("no bundle that a pinned key has signed: {0}")]
    NotSigned(TokenError),
    /// Signed, and meant for something else.
    #[error("the `typ` of a bundle is \"{BUNDLE_TYPE}\", and this is something else")]
    Type,
    /// Unreadable, or not usable with this configuration.
    #[error("{0}")]
    Contents(String),
    /// Records that cannot be used beside those of the configuration.
    #[error("/records: {0}, counted together with those of the configuration")]
    Records(ApiKeysError),
    /// Records, and a configuration that accepts no API keys.
    #[error("/records: the configuration accepts no API keys; give it \"api_keys\"")]
    NoApiKeys,
    /// A role that the policy does not have.
    #[error("/records: the policy has no role \"{0}\"")]
    Role(String),
    /// An issuer whose keys are taken from the bundle, which has none.
    #[error("/jwks: no keys of \"{0}\", whose keys the configuration takes from the bundle")]
    NoKeys(String),
    /// Keys of an issuer that are none.
    #[error("/jwks: of \"{name}\": {error}")]
    Keys {
        /// The issuer.
        name: String,
        /// What is wrong with its keys.
        error: JwkSetError,
    },
    /// `iat` lies ahead.
    #[error("issued at {issued_at}, which lies ahead")]
    IssuedInFuture {
        /// When it says that it was issued.
        issued_at: UnixTime,
    },
    /// `exp` has passed.
    #[error("expired at {expires_at}")]
    Expired {
        /// When it has expired.
        expires_at: UnixTime,
    },
    /// An older one than was there before.
    #[error("version {version}, and {floor} is the least that counts")]
    Older {
        /// Its version.
        version: u64,
        /// The lowest that counts.
        floor: u64,
    },
    /// Another one of the version that is there.
    #[error("version {0} with another content than before; a change needs a higher version")]
    Changed(u64),
}

/// A bundle that was verified, as it is used: it never changes.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    pub(crate) version: u64,
    pub(crate) records: Records,
    pub(crate) revocations: Revocations,
    /// Of the issuers of its source, in their order.
    keys: Vec<KeySet>,
    issued_at: UnixTime,
    /// From when on it is not used.
    end: UnixTime,
    /// Of the payload.
    digest: [u8; 32],
}

/// What a bundle is used with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) api_keys: Option<&'a ApiKeys>,
    pub(crate) roles: &'a Roles,
}

impl BundleSource {
    /// The contents of a bundle that a pinned key has signed and that is good at `now`, and the end of that key. White space
    /// around it does not count.
    ///
    /// # Errors
    ///
    /// [`BundleError`] says why it is not good.
    pub fn open(&self, text: &[u8], now: UnixTime) -> Result<BundleContents, BundleError> {
        self.verify(text, now).map(|Verified { contents, .. }| contents)
    }

    fn verify(&self, text: &[u8], now: UnixTime) -> Result<Verified, BundleError> {
        let text = text.trim_ascii();
        if text.len() > BUNDLE_BYTES {
            return Err(BundleError::TooLong);
        }
        let text =
            core::str::from_utf8(text).map_err(|_| BundleError::NotSigned(TokenError::NotThreeSegments))?;
        let token = UnverifiedToken::parse(text, BUNDLE_BYTES).map_err(BundleError::NotSigned)?;
        let token = token.verify(&self.keys, now).map_err(BundleError::NotSigned)?;
        if token.token_type() != Some(BUNDLE_TYPE) {
            return Err(BundleError::Type);
        }
        let contents = (self.read)(token.payload()).map_err(BundleError::Contents)?;
        if contents.version < self.min_version {
            return Err(BundleError::Older { version: contents.version, floor: self.min_version });
        }
        let (issued_at, expires_at) = (contents.issued_at, contents.expires_at);
        // The clock of whoever signs may be ahead by as much as that of an issuer.
        if now.plus(LEEWAY_SECS) < issued_at {
            return Err(BundleError::IssuedInFuture { issued_at });
        }
        if now >= expires_at {
            return Err(BundleError::Expired { expires_at });
        }
        let end = expires_at.plus(self.stale_secs);
        let end = token.key_end().map_or(end, |key_end| key_end.min(end));
        Ok(Verified { contents, end, digest: Sha256::digest(token.payload()).into() })
    }

    /// The bundle that `text` is, if it may take the place of `before`.
    pub(crate) fn install(
        &self,
        text: &[u8],
        before: Option<&Bundle>,
        terms: Terms<'_>,
        now: UnixTime,
    ) -> Result<Bundle, BundleError> {
        let Verified { contents, end, digest } = self.verify(text, now)?;
        let version = contents.version;
        match before {
            Some(before) if version < before.version => {
                return Err(BundleError::Older { version, floor: before.version });
            }
            Some(before) if version == before.version && digest != before.digest => {
                return Err(BundleError::Changed(version));
            }
            _ => {}
        }
        let issued_at = contents.issued_at;
        let keys = self.issuers.iter().map(|issuer| issuer.keys(&contents)).collect::<Result<_, _>>()?;
        let records = terms.records(contents.records)?;
        Ok(Bundle { version, records, revocations: contents.revocations, keys, issued_at, end, digest })
    }
}

/// A bundle whose signature is valid, and what is not in its payload.
struct Verified {
    contents: BundleContents,
    end: UnixTime,
    digest: [u8; 32],
}

impl Terms<'_> {
    /// The records, if they can be used beside those that are there.
    fn records(self, records: Vec<ApiKeyRecord>) -> Result<Records, BundleError> {
        let mut roles = records.iter().flat_map(|record| &record.roles);
        if let Some(role) = roles.find(|role| self.roles.get(role).is_none()) {
            return Err(BundleError::Role(role.clone()));
        }
        if records.is_empty() {
            return Ok(Records::default());
        }
        let records = Records::new(records).map_err(BundleError::Records)?;
        self.api_keys.ok_or(BundleError::NoApiKeys)?.admit(&records).map_err(BundleError::Records)?;
        Ok(records)
    }
}

impl BundledIssuer {
    fn keys(&self, contents: &BundleContents) -> Result<KeySet, BundleError> {
        let set = contents.key_sets.get(&self.name).ok_or_else(|| BundleError::NoKeys(self.name.clone()))?;
        set.usable(&self.algorithms).map_err(|error| BundleError::Keys { name: self.name.clone(), error })
    }
}

impl Bundle {
    /// Whether it may be used at `now`. Where the clock was set back to before it was issued, nobody knows how old it is.
    pub(crate) fn is_usable(&self, now: UnixTime) -> bool {
        self.issued_at <= now.plus(LEEWAY_SECS) && now < self.end
    }

    /// The keys of an issuer, by its place among those of the source.
    pub(crate) fn keys(&self, issuer: usize) -> Option<&KeySet> {
        self.keys.get(issuer)
    }

    /// Whether it is the very same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// How many records and keys are in it.
    pub(crate) fn size(&self) -> usize {
        let keys = self.keys.iter().map(|set| set.keys().len()).sum::<usize>();
        self.records.iter().count().saturating_add(keys)
    }
}

// A function has no value that is worth reading.
impl fmt::Debug for BundleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleSource")
            .field("url", &self.url)
            .field("keys", &self.keys)
            .field("stale_secs", &self.stale_secs)
            .field("min_version", &self.min_version)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}
