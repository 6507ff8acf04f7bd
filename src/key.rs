//! Verification keys. Each is fixed to exactly one algorithm when it is loaded, never by a token
//! ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).

use alloc::string::String;
use alloc::vec::Vec;

use crate::alg::Algorithm;
use crate::crypto::{HmacKey, InvalidSignature};
use crate::error::TokenError;
use crate::jws::JoseHeader;
use crate::limits::KEYS_TRIED;

/// A key that verifies signatures of one algorithm.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    hmac: HmacKey,
}

impl VerificationKey {
    /// A shared secret for one of the HMAC algorithms, or `None` if `secret` is shorter than the output of the hash.
    pub fn from_secret(id: Option<String>, algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        let hmac = HmacKey::new(algorithm, secret)?;
        Some(Self { id, algorithm, hmac })
    }

    /// The `kid` that tokens name this key by.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The one algorithm this key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if signature.len() != self.algorithm.row().signature_bytes {
            return Err(InvalidSignature);
        }
        self.hmac.verify(message, signature)
    }
}

/// The keys of one issuer.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

impl KeySet {
    /// A set of `keys`. Identifiers must be unique; the configuration sees to it.
    pub fn new(keys: Vec<VerificationKey>) -> Self {
        Self { keys }
    }

    /// The keys a token with this header may be verified with, most specific first.
    ///
    /// A key with an identifier serves tokens that name it and tokens that name none. A key without one serves every
    /// token: whoever configured a bare secret has nothing for a `kid` to name. There is no "first key" to fall back to.
    ///
    /// # Errors
    ///
    /// [`TokenError::AlgorithmNotAllowed`] if no key is fixed to the algorithm of the header, and
    /// [`TokenError::KeyUnknown`] if none of those that are goes by its `kid`.
    pub(crate) fn candidates<'k>(
        &'k self,
        header: &JoseHeader,
    ) -> Result<Vec<&'k VerificationKey>, TokenError> {
        let algorithm = header.algorithm();
        let named = |key: &&VerificationKey| header.key_id().is_some() && key.id() == header.key_id();
        if let Some(key) = self.keys.iter().find(named) {
            // The named key decides alone, even if it is not of the token's algorithm.
            return if key.algorithm == algorithm {
                Ok(Vec::from([key]))
            } else {
                Err(TokenError::AlgorithmNotAllowed)
            };
        }
        let mut fitting = self.keys.iter().filter(|key| key.algorithm == algorithm).peekable();
        if fitting.peek().is_none() {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        let usable: Vec<_> =
            fitting.filter(|key| header.key_id().is_none() || key.id.is_none()).take(KEYS_TRIED).collect();
        if usable.is_empty() { Err(TokenError::KeyUnknown) } else { Ok(usable) }
    }
}
