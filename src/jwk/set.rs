//! JWK Sets: [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::key::{Jwk, JwkError};
use thiserror::Error;

use crate::alg::{Algorithm, KeyType};
use crate::json::{self, Budget, JsonError, Value};
use crate::key::KeySet;
use crate::limits::{JWK_SET_BYTES, JWK_SET_KEYS};

/// The algorithm of a key that names none and whose type fits several: what OpenID Connect signs with by default.
const USUAL: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::Ed25519,
];

/// Where a set comes from, which decides what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A file of the operator's: it may hold shared secrets, if it holds nothing else.
    Local,
    /// A configuration document or an HTTP response, which others can read: no shared secrets.
    Public,
}

/// The keys of a set that can verify signatures.
#[derive(Debug, Clone)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    /// The place of each in `keys` as it was written.
    places: Vec<usize>,
    unused: Vec<UnusedKey>,
}

/// A key of a set that was passed over: it is for somebody else, malformed or weak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedKey {
    /// Its place in `keys`.
    pub index: usize,
    /// Why it is of no use here.
    pub reason: JwkError,
}

/// Why a set is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JwkSetError {
    /// Longer than [`JWK_SET_BYTES`].
    #[error("the JWK Set is longer than {JWK_SET_BYTES} bytes")]
    TooLarge,
    /// Not JSON with unique members.
    #[error("not usable JSON: {0}")]
    NotJson(JsonError),
    /// Not an object with an array `keys`.
    #[error("a JWK Set is an object with an array `keys`")]
    NotASet,
    /// More than [`JWK_SET_KEYS`] keys.
    #[error("the JWK Set has more than {JWK_SET_KEYS} keys")]
    TooMany,
    /// Two keys with the same `kid`.
    #[error("keys[{index}]: an earlier key has this `kid`; every key needs its own")]
    DuplicateId {
        /// The place of the second one in `keys`.
        index: usize,
    },
    /// A shared secret where everybody can read it.
    #[error(
        "keys[{index}]: a shared secret, where others can read it; replace the secret, and name it as {{\"secret\": {{\"env\": \"NAME\"}}}}"
    )]
    Secret {
        /// Its place in `keys`.
        index: usize,
    },
    /// Shared secrets and public keys together: the stage for every confusion of the two.
    #[error("shared secrets and public keys in one set; keep them apart")]
    Mixed,
    /// A key that is wrong.
    #[error("keys[{index}]: {error}")]
    Key {
        /// Its place in `keys`.
        index: usize,
        /// What is wrong with it.
        error: JwkError,
    },
    /// No key that can verify signatures.
    #[error("the JWK Set has no key that verifies signatures")]
    Empty,
}

impl JwkSet {
    /// Reads a set of at most [`JWK_SET_BYTES`] and [`JWK_SET_KEYS`] keys.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`]. A key that is malformed is passed over; a private one, or a shared secret in public, makes the
    /// whole set wrong.
    ///
    /// ```
    /// use portcullis::jwk::{JwkSet, JwkSetError, Source};
    ///
    /// let set = br#"{"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}"#;
    /// // Everybody can read what is public.
    /// assert_eq!(JwkSet::parse(set, Source::Public).err(), Some(JwkSetError::Secret { index: 0 }));
    /// ```
    pub fn parse(bytes: &[u8], source: Source) -> Result<Self, JwkSetError> {
        if bytes.len() > JWK_SET_BYTES {
            return Err(JwkSetError::TooLarge);
        }
        Self::from_value(&json::parse(bytes, Budget::REQUEST).map_err(JwkSetError::NotJson)?, source)
    }

    /// Reads a set that has been parsed.
    ///
    /// # Errors
    ///
    /// [`JwkSetError`] says what is wrong with it.
    pub fn from_value(set: &Value, source: Source) -> Result<Self, JwkSetError> {
        let keys = set.as_object().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let written = keys.ok_or(JwkSetError::NotASet)?;
        if written.len() > JWK_SET_KEYS {
            return Err(JwkSetError::TooMany);
        }
        let mut set = Self { keys: Vec::new(), places: Vec::new(), unused: Vec::new() };
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for (index, value) in written.iter().enumerate() {
            // Counted before it is known whether the key is used: a ignored key must not share a name either.
            let id = value.as_object().and_then(|members| members.get("kid")).and_then(Value::as_str);
            if id.is_some_and(|id| !ids.insert(id.to_string())) {
                return Err(JwkSetError::DuplicateId { index });
            }
            // Whatever it is for: a secret that everybody can read is none.
            let is_secret = value.as_object().is_some_and(|members| {
                let kind = members.get("kty").and_then(Value::as_str);
                kind == Some(KeyType::Oct.name()) || members.contains_key("k")
            });
            if source == Source::Public && is_secret {
                return Err(JwkSetError::Secret { index });
            }
            match Jwk::from_value(value) {
                Ok(jwk) => {
                    set.keys.push(jwk);
                    set.places.push(index);
                }
                Err(reason) if reason.is_ignorable() => set.unused.push(UnusedKey { index, reason }),
                Err(error) => return Err(JwkSetError::Key { index, error }),
            }
        }
        let secrets = set.keys.iter().filter(|jwk| jwk.is_secret()).count();
        if secrets > 0 && secrets < set.keys.len() {
            return Err(JwkSetError::Mixed);
        }
        Ok(set)
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys that were passed over.
    pub fn unused(&self) -> &[UnusedKey] {
        &self.unused
    }

    /// The keys that [`JwkSet::key_set`] leaves out besides: those that are weak, or fit none of `allowed`.
    pub fn left_out(&self, allowed: &[Algorithm]) -> Vec<UnusedKey> {
        let keys = self.places.iter().zip(&self.keys);
        let refused = keys.filter_map(|(&index, jwk)| Some((index, jwk.verification_keys(allowed).err()?)));
        let ignored = refused.filter(|(_, reason)| reason.is_ignorable());
        ignored.map(|(index, reason)| UnusedKey { index, reason }).collect()
    }

    /// Fixes every key to its algorithm, as [`Jwk::verification_keys`] does; keys that are weak or fit none of `allowed`
    /// are left out.
    ///
    /// # Errors
    ///
    /// [`JwkSetError::Key`] for a key that does not say its algorithm, and [`JwkSetError::Empty`] if none is left.
    pub fn key_set(&self, allowed: &[Algorithm]) -> Result<KeySet, JwkSetError> {
        self.fixed(|_| allowed)
    }

    /// The same where `allowed` may be empty: then each key is fixed to its own algorithm, and one that names none to the
    /// usual one which fits it.
    ///
    /// # Errors
    ///
    /// As [`JwkSet::key_set`].
    pub(crate) fn usable(&self, allowed: &[Algorithm]) -> Result<KeySet, JwkSetError> {
        match allowed {
            [] => self.fixed(|jwk| if jwk.algorithm().is_some() { &[] } else { USUAL }),
            allowed => self.key_set(allowed),
        }
    }

    fn fixed<'a>(&self, allowed: impl Fn(&Jwk) -> &'a [Algorithm]) -> Result<KeySet, JwkSetError> {
        let mut usable = Vec::new();
        for (&index, jwk) in self.places.iter().zip(&self.keys) {
            match jwk.verification_keys(allowed(jwk)) {
                Ok(keys) => usable.extend(keys),
                Err(error) if error.is_ignorable() => {}
                Err(error) => return Err(JwkSetError::Key { index, error }),
            }
        }
        if usable.is_empty() {
            Err(JwkSetError::Empty)
        } else {
            KeySet::new(usable).map_err(|_| JwkSetError::Empty)
        }
    }
}
