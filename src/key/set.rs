//! The keys of one issuer, and which of them a token may be verified with.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use thiserror::Error;

use super::verification::VerificationKey;
use crate::alg::Algorithm;
use crate::error::TokenError;
use crate::limits::KEYS_TRIED;
use crate::time::UnixTime;

/// The keys of one issuer.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    // INVARIANT: no two have the same identifier and the same algorithm.
    keys: Vec<VerificationKey>,
}

/// Why keys make no set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeySetError {
    /// Two keys for one algorithm go by the same identifier.
    #[error("two keys for one algorithm have the same identifier")]
    DuplicateId,
}

impl KeySet {
    /// A set of `keys`. Keys with the same identifier must differ in their algorithm.
    ///
    /// # Errors
    ///
    /// [`KeySetError::DuplicateId`] if they do not.
    pub fn new(keys: Vec<VerificationKey>) -> Result<Self, KeySetError> {
        let mut seen = BTreeSet::new();
        let mut named = keys.iter().filter_map(|key| key.id().map(|id| (id, key.algorithm())));
        if named.all(|name| seen.insert(name)) { Ok(Self { keys }) } else { Err(KeySetError::DuplicateId) }
    }

    /// The keys, in the order they were given in.
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// The keys that a token with these headers may be verified with at `now`, with the position of each.
    ///
    /// A key with an identifier serves tokens that name it and tokens that name none. A key without one serves every
    /// token: whoever configured a bare secret has nothing for a `kid` to name. There is no "first key" to fall back to.
    ///
    /// # Errors
    ///
    /// [`TokenError::AlgorithmNotAllowed`] if no key is fixed to `algorithm`, [`TokenError::KeyUnknown`] if none of those
    /// that are goes by `key_id`, [`TokenError::KeyRetired`] if those that do are no longer accepted, and
    /// [`TokenError::KeyIdNeeded`] if a token that names none of several public keys would have to be tried with each.
    pub(crate) fn candidates(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        now: UnixTime,
    ) -> Result<Vec<(usize, &VerificationKey)>, TokenError> {
        let named = |key: &VerificationKey| key_id.is_some() && key.id() == key_id;
        let fits = |key: &VerificationKey| key.algorithm() == algorithm;
        let by_name = self.keys.iter().any(named);
        if !self.keys.iter().any(|key| fits(key) && (!by_name || named(key))) {
            // A named key decides alone, even if it is not of the token's algorithm.
            return Err(TokenError::AlgorithmNotAllowed);
        }
        let serves = |(_, key): &(usize, &VerificationKey)| {
            fits(key) && if by_name { named(key) } else { key_id.is_none() || key.id().is_none() }
        };
        let mut serving = self.keys.iter().enumerate().filter(serves).peekable();
        if serving.peek().is_none() {
            return Err(TokenError::KeyUnknown);
        }
        let mut usable: Vec<_> = serving.filter(|(_, key)| key.is_accepted(now)).collect();
        if usable.is_empty() {
            return Err(TokenError::KeyRetired);
        }
        if algorithm.is_symmetric() {
            usable.truncate(KEYS_TRIED);
            return Ok(usable);
        }
        // SECURITY: anybody can send a token without `kid`, and must not choose how many signatures are checked: a public
        // key costs about a thousand times what a secret does. A key that ends is the old half of a rotation.
        let ending = usable.iter().filter(|(_, key)| key.end().is_some()).count();
        if ending > 1 || usable.len().saturating_sub(ending) > 1 {
            return Err(TokenError::KeyIdNeeded);
        }
        Ok(usable)
    }
}
