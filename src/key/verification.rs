//! A key fixed to one algorithm.

use alloc::string::String;
use alloc::sync::Arc;

use crate::alg::{Algorithm, SignatureLength};
#[cfg(any(feature = "rsa", feature = "ecdsa", feature = "eddsa"))]
use crate::crypto;
use crate::crypto::{Arithmetic, HmacKey, InvalidSignature, KeyError};
use crate::key::host::{HostSignatures, SignatureCheck};
use crate::key::public::{KeyComponents, PublicKey};
use crate::time::UnixTime;

/// A key that verifies signatures of one algorithm.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    /// A public key as hosts are told it.
    spki: Option<Arc<[u8]>>,
    accepted_until: Option<UnixTime>,
}

/// What signatures are verified with besides the key. All of it gives the same verdict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means<'g> {
    /// The host's own code, where it is faster.
    pub(crate) host: Option<&'g HostSignatures>,
    /// By whose arithmetic it is done where no host is asked.
    pub(crate) arithmetic: Arithmetic,
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
        Ok(Self { id, algorithm, material: Material::Hmac(key), spki: None, accepted_until: None })
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
        let spki = key.to_spki().map(Arc::from);
        Ok(Self { id, algorithm, material, spki, accepted_until: None })
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
        self.verify_by(Arithmetic::Own, message, signature)
    }

    #[cfg_attr(
        not(any(feature = "rsa", feature = "ecdsa", feature = "eddsa")),
        allow(unused_variables, reason = "HMAC has no arithmetic")
    )]
    fn verify_by(
        &self,
        arithmetic: Arithmetic,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.check_length(signature)?;
        match &self.material {
            Material::Hmac(key) => key.verify(message, signature),
            #[cfg(feature = "rsa")]
            Material::Rsa(key) => key.verify(message, signature, arithmetic),
            #[cfg(feature = "ecdsa")]
            Material::Ecdsa(key) => key.verify(message, signature, arithmetic),
            #[cfg(feature = "eddsa")]
            Material::Ed25519(key) => key.verify(message, signature, arithmetic),
        }
    }

    /// The same, by the `means` that there are: by the host where it can tell.
    ///
    /// # Errors
    ///
    /// As [`VerificationKey::verify`].
    pub(crate) fn verify_with(
        &self,
        means: Means<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        // SECURITY: a host may overlook what is wrong with a length.
        self.check_length(signature)?;
        let is_quicker = means.arithmetic == Arithmetic::Own && self.is_quicker_than_hosts();
        let told = means.host.filter(|_| !is_quicker).zip(self.spki.as_deref()).and_then(|(host, key)| {
            host.verify(&SignatureCheck { algorithm: self.algorithm, key, message, signature })
        });
        match told {
            Some(true) => {
                if means.arithmetic == Arithmetic::Own {
                    self.count_verified_by_host();
                }
                Ok(())
            }
            Some(false) => Err(InvalidSignature),
            None => self.verify_by(means.arithmetic, message, signature),
        }
    }

    /// Whether the key has a table by which it verifies signatures in less time than hosts do.
    fn is_quicker_than_hosts(&self) -> bool {
        match &self.material {
            #[cfg(feature = "ecdsa")]
            Material::Ecdsa(key) => key.is_quicker_than_hosts(),
            _ => false,
        }
    }

    /// Counts a valid signature that the host has verified.
    fn count_verified_by_host(&self) {
        #[cfg(feature = "ecdsa")]
        if let Material::Ecdsa(key) = &self.material {
            key.count_verified_by_host();
        }
    }

    /// Whether `signature` is as long as algorithm and key ask for.
    fn check_length(&self, signature: &[u8]) -> Result<(), InvalidSignature> {
        let length = match (self.algorithm.row().signature, &self.material) {
            (SignatureLength::Bytes(length), _) => length,
            #[cfg(feature = "rsa")]
            (SignatureLength::Modulus, Material::Rsa(key)) => key.modulus_bytes(),
            (SignatureLength::Modulus, _) => return Err(InvalidSignature),
        };
        if signature.len() == length { Ok(()) } else { Err(InvalidSignature) }
    }
}
