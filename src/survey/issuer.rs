//! Issuers and keys of a loaded configuration.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::alg::Algorithm;
use crate::authenticator::Issuer;
use crate::key::VerificationKey;
use crate::time::UnixTime;

/// An issuer of tokens and its rules.
#[derive(Debug, Clone, Copy)]
pub struct SurveyedIssuer<'g> {
    index: usize,
    pub(super) issuer: &'g Issuer,
}

/// A key that verifies tokens.
#[derive(Debug, Clone, Copy)]
pub struct SurveyedKey<'g> {
    /// Which of the issuer's keys it is, counted from 1, those of `keys` before those of `jwks`.
    pub position: usize,
    /// How many keys the issuer has.
    pub of: usize,
    key: &'g VerificationKey,
}

impl<'g> SurveyedIssuer<'g> {
    pub(super) fn new(index: usize, issuer: &'g Issuer) -> Self {
        Self { index, issuer }
    }

    /// Where it stands in the configuration, as a JSON pointer.
    pub fn pointer(&self) -> String {
        format!("/issuers/{}", self.index)
    }

    /// The `iss` its tokens must have, if that is configured.
    pub fn name(&self) -> Option<&'g str> {
        self.issuer.rules.issuer.as_deref()
    }

    /// The audiences of which a token must name one; if there are none, it must not name any.
    pub fn audiences(&self) -> &'g [String] {
        &self.issuer.rules.audiences
    }

    /// The accepted `typ` headers.
    pub fn token_types(&self) -> &'g [String] {
        &self.issuer.rules.token_types
    }

    /// Whether a token without `typ` is refused.
    pub fn requires_token_type(&self) -> bool {
        self.issuer.rules.type_required
    }

    /// The claims that mark a token as one of another kind.
    pub fn foreign_claims(&self) -> &'g [&'static str] {
        &self.issuer.rules.foreign
    }

    /// Permitted difference between clocks, in seconds.
    pub fn leeway_secs(&self) -> u64 {
        self.issuer.rules.leeway_secs
    }

    /// Greatest age of a token by its `iat`, in seconds.
    pub fn max_age_secs(&self) -> Option<u64> {
        self.issuer.rules.max_age_secs
    }

    /// JSON pointers to the claims that must be there, `exp` aside.
    pub fn required_claims(&self) -> Vec<String> {
        self.issuer.rules.required.iter().map(ToString::to_string).collect()
    }

    /// JSON pointer to the subject.
    pub fn subject_claim(&self) -> String {
        self.issuer.rules.names.subject.to_string()
    }

    /// JSON pointers to the roles: the first that is there and not null counts.
    pub fn role_claims(&self) -> Vec<String> {
        self.issuer.rules.names.roles.iter().map(ToString::to_string).collect()
    }

    /// JSON pointer to the scopes.
    pub fn scope_claim(&self) -> String {
        self.issuer.rules.names.scopes.to_string()
    }

    /// JSON pointer to the tenant.
    pub fn tenant_claim(&self) -> Option<String> {
        self.issuer.rules.names.tenant.as_ref().map(ToString::to_string)
    }

    /// The keys its tokens are verified with.
    pub fn keys(&self) -> impl Iterator<Item = SurveyedKey<'g>> + use<'g> {
        let keys = self.issuer.keys.keys();
        let of = keys.len();
        (1..).zip(keys).map(move |(position, key)| SurveyedKey { position, of, key })
    }

    /// `key`, which is one of this issuer's.
    pub(super) fn key(&self, key: &VerificationKey) -> Option<SurveyedKey<'g>> {
        self.keys().find(|own| core::ptr::eq(own.key, key))
    }
}

impl<'g> SurveyedKey<'g> {
    /// The `kid` that tokens name it by.
    pub fn id(&self) -> Option<&'g str> {
        self.key.id()
    }

    /// The one algorithm it is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The instant from which it is no longer accepted.
    pub fn end(&self) -> Option<UnixTime> {
        self.key.end()
    }
}
