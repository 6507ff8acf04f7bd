//! HMAC with SHA-2: [RFC 7518 section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::error::InvalidSignature;
use crate::alg::{Algorithm, Hash};

/// A secret fixed to one HMAC algorithm.
///
/// Holds the hash state after the key block, so that a message costs no key set-up.
#[derive(Clone)]
pub(crate) struct HmacKey(State);

// Boxed: the larger states would otherwise make every key as large as the largest.
#[derive(Clone)]
enum State {
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl HmacKey {
    /// A key for `algorithm`, or `None` if `secret` is shorter than the output of its hash.
    pub(crate) fn new(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        if !algorithm.is_symmetric() || secret.len() < algorithm.min_secret_bytes() {
            return None;
        }
        Some(Self(match algorithm.row().hash {
            Hash::Sha256 => State::Sha256(Hmac::new_from_slice(secret).ok()?),
            Hash::Sha384 => State::Sha384(Box::new(Hmac::new_from_slice(secret).ok()?)),
            Hash::Sha512 => State::Sha512(Box::new(Hmac::new_from_slice(secret).ok()?)),
        }))
    }

    /// Checks that `tag` is the whole MAC of `message`, in time that does not depend on where they differ.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), InvalidSignature> {
        match &self.0 {
            State::Sha256(mac) => mac.clone().chain_update(message).verify_slice(tag),
            State::Sha384(mac) => mac.as_ref().clone().chain_update(message).verify_slice(tag),
            State::Sha512(mac) => mac.as_ref().clone().chain_update(message).verify_slice(tag),
        }
        .map_err(|_| InvalidSignature)
    }

    /// The MAC of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            State::Sha256(mac) => mac.clone().chain_update(message).finalize().into_bytes().to_vec(),
            State::Sha384(mac) => mac.as_ref().clone().chain_update(message).finalize().into_bytes().to_vec(),
            State::Sha512(mac) => mac.as_ref().clone().chain_update(message).finalize().into_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, HmacKey};

    #[test]
    fn short_secrets_make_no_key() {
        for (algorithm, bytes) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
            assert!(HmacKey::new(algorithm, &[7; 64][..bytes]).is_some());
            assert!(HmacKey::new(algorithm, &[7; 64][..bytes - 1]).is_none());
            assert!(HmacKey::new(algorithm, &[]).is_none());
        }
    }

    #[test]
    fn only_the_whole_tag_verifies() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let key = HmacKey::new(algorithm, &[9; 64]).unwrap();
            let tag = key.sign(b"message");
            assert!(key.verify(b"message", &tag).is_ok());
            assert!(key.verify(b"messagE", &tag).is_err());
            assert!(key.verify(b"message", &tag[..tag.len() - 1]).is_err());
            assert!(key.verify(b"message", &[]).is_err());
            assert!(key.verify(b"message", &[tag.as_slice(), &[0]].concat()).is_err());
        }
    }
}
