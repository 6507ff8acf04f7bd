//! The keys of one issuer, and which of them a token may be verified with.

use alloc::vec::Vec;

use super::VerificationKey;
use crate::error::TokenError;
use crate::jws::JoseHeader;
use crate::limits::KEYS_TRIED;
use crate::time::UnixTime;

/// The keys of one issuer.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

impl KeySet {
    /// A set of `keys`. Keys with the same identifier must differ in their algorithm; the configuration sees to it.
    pub fn new(keys: Vec<VerificationKey>) -> Self {
        Self { keys }
    }

    /// The keys, in the order they were given in.
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// The keys a token with this header may be verified with at `now`.
    ///
    /// A key with an identifier serves tokens that name it and tokens that name none. A key without one serves every
    /// token: whoever configured a bare secret has nothing for a `kid` to name. There is no "first key" to fall back to.
    ///
    /// # Errors
    ///
    /// [`TokenError::AlgorithmNotAllowed`] if no key is fixed to the algorithm of the header,
    /// [`TokenError::KeyUnknown`] if none of those that are goes by its `kid`, and [`TokenError::KeyRetired`] if those
    /// that do are no longer accepted.
    pub(crate) fn candidates<'k>(
        &'k self,
        header: &JoseHeader,
        now: UnixTime,
    ) -> Result<Vec<&'k VerificationKey>, TokenError> {
        let named = |key: &VerificationKey| header.key_id().is_some() && key.id() == header.key_id();
        let fits = |key: &VerificationKey| key.algorithm() == header.algorithm();
        let by_name = self.keys.iter().any(named);
        if !self.keys.iter().any(|key| fits(key) && (!by_name || named(key))) {
            // A named key decides alone, even if it is not of the token's algorithm.
            return Err(TokenError::AlgorithmNotAllowed);
        }
        let serves = |key: &&VerificationKey| {
            fits(key) && if by_name { named(key) } else { header.key_id().is_none() || key.id().is_none() }
        };
        let mut serving = self.keys.iter().filter(serves).peekable();
        if serving.peek().is_none() {
            return Err(TokenError::KeyUnknown);
        }
        let usable: Vec<_> = serving.filter(|key| key.is_accepted(now)).take(KEYS_TRIED).collect();
        if usable.is_empty() { Err(TokenError::KeyRetired) } else { Ok(usable) }
    }
}
