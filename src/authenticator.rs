//! From a credential to a principal.

use crate::api_key::{ApiKeys, Checked, RecordAnswer};
use crate::claims::{self, ClaimRules};
use crate::credential::Credential;
use crate::error::{AuthError, ClaimsError, CredentialError, TokenError};
use crate::jws::UnverifiedToken;
use crate::key::KeySet;
use crate::principal::Principal;
use crate::time::UnixTime;

/// Who issues tokens, with which keys, under which rules.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) keys: KeySet,
    pub(crate) rules: ClaimRules,
}

/// Everything a credential can be checked against.
pub(crate) struct Authenticator<'g> {
    pub(crate) issuers: &'g [Issuer],
    pub(crate) api_keys: Option<&'g ApiKeys>,
    pub(crate) token_bytes: usize,
}

impl Authenticator<'_> {
    /// Checks `credential` at `now`.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(crate) fn authenticate(
        &self,
        credential: &Credential<'_>,
        now: UnixTime,
        answer: &RecordAnswer,
    ) -> Result<Checked, AuthError> {
        match credential {
            Credential::Token(text) => self.token(text, now).map(Checked::Principal),
            Credential::ApiKey(text) => {
                let api_keys = self.api_keys.ok_or(CredentialError::Unsupported)?;
                Ok(api_keys.check(text, now, answer)?)
            }
        }
    }

    /// Checks a token at `now`.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(crate) fn token(&self, text: &str, now: UnixTime) -> Result<Principal, AuthError> {
        if self.issuers.is_empty() {
            return Err(CredentialError::Unsupported.into());
        }
        let token = UnverifiedToken::parse(text, self.token_bytes)?;
        if token.unverified_payload().is_empty() {
            return Err(TokenError::NotThreeSegments.into());
        }
        let issuer = self.issuer(&token)?;
        // SECURITY: claims are validated on what `verify` returns, so no claim is believed before the signature is.
        let verified = token.verify(&issuer.keys, now)?;
        issuer.rules.validate(&verified, now)
    }

    /// The issuer whose keys the token is tried with. With several, its unverified `iss` chooses; the rules of the
    /// chosen one then demand that very `iss`.
    fn issuer(&self, token: &UnverifiedToken<'_>) -> Result<&Issuer, AuthError> {
        if let [only] = self.issuers {
            return Ok(only);
        }
        let name = claims::unverified_issuer(token.unverified_payload())?;
        let chosen = self.issuers.iter().find(|issuer| name.is_some() && issuer.rules.issuer == name);
        chosen.ok_or_else(|| ClaimsError::IssuerUntrusted.into())
    }
}
