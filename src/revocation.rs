//! What is no longer believed although nothing is wrong with it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::error::{ApiKeyError, AuthError, TokenError};
use crate::principal::{Principal, Proof};
use crate::time::UnixTime;

mod stored;

pub(crate) use stored::StoreKeys;
pub use stored::{RevocationLookup, RevokedItem};

/// By what the credentials of a gate are known that were taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations {
    /// Tokens, by issuer and `jti` ([RFC 7519 section 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).
    pub tokens: BTreeMap<String, BTreeSet<String>>,
    /// Sessions, by issuer and `sid`
    /// ([OpenID Connect Front-Channel Logout section 3](https://openid.net/specs/openid-connect-frontchannel-1_0.html)).
    pub sessions: BTreeMap<String, BTreeSet<String>>,
    /// Everything of a subject that was issued before an instant; by the subject as the gate knows it.
    pub subjects: BTreeMap<String, UnixTime>,
    /// Everything of an issuer that was issued before an instant.
    pub issuers: BTreeMap<String, UnixTime>,
    /// API keys, by the identifier of their record.
    pub api_keys: BTreeSet<String>,
    /// Any credential, by its SHA-256.
    pub credentials: BTreeSet<[u8; 32]>,
    /// Whether the store of the host is asked for others.
    pub lookup: bool,
}

impl Revocations {
    /// Takes back what `more` does as well.
    pub fn extend(&mut self, more: &Self) {
        let join = |sets: &mut BTreeMap<String, BTreeSet<String>>, more: &BTreeMap<_, BTreeSet<String>>| {
            for (issuer, ids) in more {
                sets.entry(String::clone(issuer)).or_default().extend(ids.iter().cloned());
            }
        };
        join(&mut self.tokens, &more.tokens);
        join(&mut self.sessions, &more.sessions);
        let later = |ends: &mut BTreeMap<String, UnixTime>, more: &BTreeMap<String, UnixTime>| {
            for (name, before) in more {
                let end = ends.entry(name.clone()).or_insert(*before);
                *end = (*before).max(*end);
            }
        };
        later(&mut self.subjects, &more.subjects);
        later(&mut self.issuers, &more.issuers);
        self.api_keys.extend(more.api_keys.iter().cloned());
        self.credentials.extend(&more.credentials);
    }

    /// Whether `credential` itself was taken back.
    pub(crate) fn has_credential(&self, credential: &str) -> bool {
        let is_in = |digest: [u8; 32]| self.credentials.contains(&digest);
        !self.credentials.is_empty() && is_in(Sha256::digest(credential.as_bytes()).into())
    }

    /// Whether what proved `principal` was taken back.
    ///
    /// # Errors
    ///
    /// [`TokenError::Revoked`] or, of an API key, [`ApiKeyError::Disabled`].
    pub(crate) fn check(&self, principal: &Principal) -> Result<(), AuthError> {
        let revoked = match &principal.proof {
            Proof::ApiKey { key_id } if self.api_keys.contains(key_id) => {
                return Err(ApiKeyError::Disabled.into());
            }
            Proof::ApiKey { .. } => self.is_before(&self.subjects, &principal.subject, principal),
            Proof::Token { issuer, .. } | Proof::Asked { issuer } => {
                let issuer = issuer.as_deref().unwrap_or_default();
                let marks = &principal.marks;
                let is_in = |sets: &BTreeMap<String, BTreeSet<String>>, id: &Option<String>| {
                    id.as_ref().is_some_and(|id| sets.get(issuer).is_some_and(|set| set.contains(id)))
                };
                is_in(&self.tokens, &marks.token_id)
                    || is_in(&self.sessions, &marks.session_id)
                    || self.is_before(&self.subjects, &principal.subject, principal)
                    || self.is_before(&self.issuers, issuer, principal)
            }
        };
        if revoked { Err(TokenError::Revoked.into()) } else { Ok(()) }
    }

    fn is_before(&self, ends: &BTreeMap<String, UnixTime>, name: &str, principal: &Principal) -> bool {
        ends.get(name).is_some_and(|end| principal.may_be_from_before(*end))
    }
}
