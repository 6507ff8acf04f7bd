//! Ed25519: [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037), [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032).

use alloc::boxed::Box;

use ed25519_dalek::{Signature, VerifyingKey};

use super::error::InvalidSignature;

/// A point of the curve that is not of small order.
#[derive(Debug, Clone)]
pub(crate) struct Ed25519Key(Box<VerifyingKey>);

impl Ed25519Key {
    /// The key with this encoding, or `None` if it is no point, another spelling of one (RFC 8032 section 5.1.3 wants
    /// the canonical), or one of the eight under which a signature of anything can be made without a secret.
    pub(crate) fn new(encoding: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(encoding.try_into().ok()?).ok()?;
        let canonical = key.to_edwards().compress().to_bytes() == encoding;
        (canonical && !key.is_weak()).then(|| Self(Box::new(key)))
    }

    /// Checks `signature` by the strict rule: canonical encodings, no point of small order, no cofactor.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
        self.0.verify_strict(message, &signature).map_err(|_| InvalidSignature)
    }
}
