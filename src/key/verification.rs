//! A key fixed to one algorithm.

use alloc::string::String;

use crate::alg::{Algorithm, SignatureLength};
#[cfg(any(feature = "rsa", feature = "ecdsa", feature = "eddsa"))]
use crate::crypto;
use crate::crypto::{HmacKey, InvalidSignature, KeyError};
use crate::key::public::{KeyComponents, PublicKey};
use crate::time::UnixTime;

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

impl Material {
    #[cfg_attr(
        not(feature = "rsa"),
        allow(unused_variables, reason = "only RSA keys serve several algorithms")
    )]
    fn public(algorithm: Algorithm, components: &KeyComponents) -> Result<Self, KeyError> {
        match components {
            #[cfg(feature = "rsa")]
            KeyComponents::Rsa { modulus, exponent } => {
                crypto::RsaKey::new(algorithm, modulus, exponent).map(Self::Rsa)
            }
            #[cfg(feature = "ecdsa")]
            KeyComponents::Ec { curve, x, y } => {
                crypto::EcdsaKey::new(*curve, x, y).map(Self::Ecdsa).ok_or(KeyError::NotOnCurve)
            }
            #[cfg(feature = "eddsa")]
            KeyComponents::Okp { x, .. } => {
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
        let material = Material::public(algorithm, &key.components)?;
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

    pub(super) fn is_accepted(&self, now: UnixTime) -> bool {
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
