//! Verification keys. Each is fixed to exactly one algorithm when it is loaded, never by a token
//! ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).

mod public;
mod set;

use alloc::string::String;
use core::fmt;

use crate::alg::{Algorithm, SignatureLength};
#[cfg(any(feature = "rsa", feature = "ecdsa", feature = "eddsa"))]
use crate::crypto;
use crate::crypto::{HmacKey, InvalidSignature};
use crate::time::UnixTime;

pub(crate) use public::Numbers;
pub use public::{PemError, PublicKey};
pub use set::KeySet;

/// A key that verifies signatures of one algorithm.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    accepted_until: Option<UnixTime>,
}

#[derive(Debug, Clone)]
enum Material {
    Hmac(HmacKey),
    #[cfg(feature = "rsa")]
    Rsa(crypto::RsaKey),
    #[cfg(feature = "ecdsa")]
    Ecdsa(crypto::EcdsaKey),
    #[cfg(feature = "eddsa")]
    Ed25519(crypto::Ed25519Key),
}

/// Why a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The secret is shorter than the output of the hash (RFC 7518 section 3.2).
    SecretTooShort {
        /// The least acceptable length, in bytes.
        min_bytes: usize,
    },
    /// The RSA modulus is smaller than 2048 or larger than 8192 bits.
    ModulusSize {
        /// Its size, in bits.
        bits: usize,
    },
    /// The RSA modulus is even, or was made by the generator of CVE-2017-15361.
    ModulusWeak,
    /// The RSA public exponent is even, less than 65537, or longer than 33 bits.
    Exponent,
    /// The coordinates are no point of the curve, not as long as its field, or those of a point of small order, for
    /// which anybody can sign.
    NotOnCurve,
    /// The key is of another type or curve than the algorithm.
    WrongType,
    /// The algorithm is left out of this build.
    NotBuiltIn,
}

impl Material {
    #[cfg_attr(
        not(feature = "rsa"),
        allow(unused_variables, reason = "only RSA keys serve several algorithms")
    )]
    fn public(algorithm: Algorithm, numbers: &Numbers) -> Result<Self, KeyError> {
        match numbers {
            #[cfg(feature = "rsa")]
            Numbers::Rsa { modulus, exponent } => {
                crypto::RsaKey::new(algorithm, modulus, exponent).map(Self::Rsa)
            }
            #[cfg(feature = "ecdsa")]
            Numbers::Ec { curve, x, y } => {
                crypto::EcdsaKey::new(*curve, x, y).map(Self::Ecdsa).ok_or(KeyError::NotOnCurve)
            }
            #[cfg(feature = "eddsa")]
            Numbers::Okp { x, .. } => {
                crypto::Ed25519Key::new(x).map(Self::Ed25519).ok_or(KeyError::NotOnCurve)
            }
            #[cfg(not(all(feature = "rsa", feature = "ecdsa", feature = "eddsa")))]
            _ => Err(KeyError::NotBuiltIn),
        }
    }
}

impl VerificationKey {
    /// A shared secret for one of the HMAC algorithms.
    ///
    /// # Errors
    ///
    /// [`KeyError::SecretTooShort`] if `secret` is shorter than the output of the hash, [`KeyError::WrongType`] if
    /// `algorithm` takes public keys.
    pub fn from_secret(id: Option<String>, algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        if !algorithm.is_symmetric() {
            return Err(KeyError::WrongType);
        }
        if !algorithm.is_built_in() {
            return Err(KeyError::NotBuiltIn);
        }
        let min_bytes = algorithm.min_secret_bytes();
        let key = HmacKey::new(algorithm, secret).ok_or(KeyError::SecretTooShort { min_bytes })?;
        Ok(Self { id, algorithm, material: Material::Hmac(key), accepted_until: None })
    }

    /// A public key for one of the other algorithms.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what is wrong with it.
    pub fn from_public_key(
        id: Option<String>,
        algorithm: Algorithm,
        key: &PublicKey,
    ) -> Result<Self, KeyError> {
        if !key.fits(algorithm) {
            return Err(KeyError::WrongType);
        }
        let material = Material::public(algorithm, &key.numbers)?;
        Ok(Self { id, algorithm, material, accepted_until: None })
    }

    /// The same key, accepted until just before `end`: the old half of a rotation.
    #[must_use]
    pub fn accepted_until(self, end: Option<UnixTime>) -> Self {
        Self { accepted_until: end, ..self }
    }

    /// The `kid` that tokens name this key by.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The one algorithm this key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The instant from which it is no longer accepted, if it has one.
    pub fn end(&self) -> Option<UnixTime> {
        self.accepted_until
    }

    fn is_accepted(&self, now: UnixTime) -> bool {
        self.accepted_until.is_none_or(|end| now < end)
    }

    /// Checks a signature of `message`.
    ///
    /// # Errors
    ///
    /// [`InvalidSignature`] if it has another length than the algorithm asks for, or is not valid.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if let SignatureLength::Bytes(length) = self.algorithm.row().signature
            && signature.len() != length
        {
            return Err(InvalidSignature);
        }
        match &self.material {
            Material::Hmac(key) => key.verify(message, signature),
            #[cfg(feature = "rsa")]
            Material::Rsa(key) => key.verify(message, signature),
            #[cfg(feature = "ecdsa")]
            Material::Ecdsa(key) => key.verify(message, signature),
            #[cfg(feature = "eddsa")]
            Material::Ed25519(key) => key.verify(message, signature),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretTooShort { min_bytes } => {
                write!(f, "the secret is shorter than {min_bytes} bytes, the output of its hash")
            }
            Self::ModulusSize { bits } => {
                write!(f, "the RSA modulus has {bits} bits; 2048 to 8192 are accepted")
            }
            Self::ModulusWeak => f.write_str(
                "the RSA modulus is even, or of the weak form of CVE-2017-15361 (ROCA); make a new key",
            ),
            Self::Exponent => {
                f.write_str("the RSA public exponent must be odd and lie between 65537 and 2^33 - 1")
            }
            Self::NotOnCurve => f.write_str("the coordinates are not those of a usable point on the curve"),
            Self::WrongType => f.write_str("the key is of another type or curve than its algorithm asks for"),
            Self::NotBuiltIn => f.write_str("the algorithm is not part of this build"),
        }
    }
}

impl core::error::Error for KeyError {}
