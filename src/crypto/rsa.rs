//! RSASSA-PKCS1-v1_5 and RSASSA-PSS: [RFC 7518 sections 3.3 and 3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.3).

#[cfg(any(target_family = "wasm", debug_assertions))]
mod montgomery;
mod pkcs1;

use alloc::sync::Arc;

use ::rsa::pss;
use ::rsa::signature::Verifier as _;
use ::rsa::{BoxedUint, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

use self::pkcs1::Pkcs1Key;
use super::arithmetic::Arithmetic;
use super::error::{InvalidSignature, KeyError};
use super::roca;
use crate::alg::{Algorithm, Family, Hash};
use crate::limits::{RSA_BITS_MAX, RSA_BITS_MIN, RSA_EXPONENT_MAX, RSA_EXPONENT_MIN};

/// A public key fixed to one scheme and hash. Keeps what Montgomery's method needs to know about the modulus.
#[derive(Debug, Clone)]
pub(crate) struct RsaKey {
    scheme: Arc<Scheme>,
    modulus_bytes: usize,
}

#[derive(Debug)]
enum Scheme {
    Pkcs1(Pkcs1Key),
    PssSha256(pss::VerifyingKey<Sha256>),
    PssSha384(pss::VerifyingKey<Sha384>),
    PssSha512(pss::VerifyingKey<Sha512>),
}

impl RsaKey {
    /// A key for `algorithm` with this big-endian modulus and exponent, both without leading zeros.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which of the two is not acceptable.
    pub(crate) fn new(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let row = algorithm.row();
        let bits = bit_length(modulus);
        if !(RSA_BITS_MIN.max(row.min_key_bits)..=RSA_BITS_MAX).contains(&bits) {
            return Err(KeyError::ModulusSize { bits });
        }
        if modulus.last().is_none_or(|last| last % 2 == 0) || roca::is_suspect(modulus) {
            return Err(KeyError::ModulusWeak);
        }
        let exponent = small(exponent).ok_or(KeyError::Exponent)?;
        if !(RSA_EXPONENT_MIN..=RSA_EXPONENT_MAX).contains(&exponent) || exponent % 2 == 0 {
            return Err(KeyError::Exponent);
        }
        let modulus_bytes = modulus.len();
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let key = RsaPublicKey::new_with_size_limits(
            modulus,
            BoxedUint::from(exponent),
            RSA_BITS_MIN..=RSA_BITS_MAX,
        )
        .map_err(|_| KeyError::ModulusWeak)?;
        let scheme = match (row.family, row.hash) {
            (Family::RsaPkcs1, hash) => Scheme::Pkcs1(Pkcs1Key::new(&key, modulus_bytes, exponent, hash)),
            // RFC 7518 section 3.5: the salt is as long as the hash, which is what `new` fixes.
            (Family::RsaPss, Hash::Sha256) => Scheme::PssSha256(pss::VerifyingKey::new(key)),
            (Family::RsaPss, Hash::Sha384) => Scheme::PssSha384(pss::VerifyingKey::new(key)),
            (Family::RsaPss, Hash::Sha512) => Scheme::PssSha512(pss::VerifyingKey::new(key)),
            (Family::Hmac | Family::Ecdsa | Family::EdDsa, _) => return Err(KeyError::WrongType),
        };
        Ok(Self { scheme: Arc::new(scheme), modulus_bytes })
    }

    /// Length of the modulus, which is that of a signature, in bytes.
    pub(crate) fn modulus_bytes(&self) -> usize {
        self.modulus_bytes
    }

    /// Checks `signature`, which must be exactly as long as the modulus.
    pub(crate) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        let pss = || pss::Signature::try_from(signature);
        match &*self.scheme {
            Scheme::Pkcs1(key) => return key.verify(message, signature, arithmetic),
            Scheme::PssSha256(key) => pss().and_then(|signature| key.verify(message, &signature)),
            Scheme::PssSha384(key) => pss().and_then(|signature| key.verify(message, &signature)),
            Scheme::PssSha512(key) => pss().and_then(|signature| key.verify(message, &signature)),
        }
        .map_err(|_| InvalidSignature)
    }
}

/// Length of a big-endian number, in bits.
fn bit_length(number: &[u8]) -> usize {
    let Some((first, rest)) = number.split_first() else { return 0 };
    let first = usize::try_from(u8::BITS.saturating_sub(first.leading_zeros())).unwrap_or(0);
    rest.len().saturating_mul(8).saturating_add(first)
}

/// A big-endian number of at most eight bytes.
fn small(number: &[u8]) -> Option<u64> {
    let mut bytes = [0; size_of::<u64>()];
    let zeros = bytes.len().checked_sub(number.len())?;
    bytes.get_mut(zeros..)?.copy_from_slice(number);
    Some(u64::from_be_bytes(bytes))
}
