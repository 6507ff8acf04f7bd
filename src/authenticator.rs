//! From a credential to a principal.

use crate::api_key::{ApiKeys, CheckedKey};
use crate::claims::{self, ClaimRules};
use crate::credential::Credential;
use crate::error::{AuthError, ClaimsError, CredentialError, TokenError};
use crate::jws::UnverifiedToken;
use crate::key::KeySet;
use crate::principal::Principal;
use crate::time::UnixTime;
use crate::trace::{Event, Trace};

/// Who issues tokens, with which keys, under which rules.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The keys that verify its tokens.
    pub keys: KeySet,
    /// What the claims of its tokens must satisfy.
    pub rules: ClaimRules,
}

/// Everything a credential can be checked against.
pub(crate) struct Authenticator<'g> {
    pub(crate) issuers: &'g [Issuer],
    pub(crate) api_keys: Option<&'g ApiKeys>,
    pub(crate) token_bytes: usize,
}

impl<'g> Authenticator<'g> {
    /// Checks `credential` at `now`.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(crate) fn authenticate(
        &self,
        credential: &Credential<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Result<CheckedKey, AuthError> {
        match credential {
            Credential::Token(text) => self.token(text, now, trace).map(CheckedKey::Principal),
            Credential::ApiKey(text) => {
                trace.event(|| Event::ApiKey { id: ApiKeys::public_id(text) });
                let api_keys = self.api_keys.ok_or(CredentialError::Unsupported)?;
                Ok(api_keys.check(text, now)?)
            }
        }
    }

    /// Checks a token at `now`.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(crate) fn token(
        &self,
        text: &str,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Result<Principal, AuthError> {
        trace.event(|| Event::Token { text });
        if self.issuers.is_empty() {
            return Err(CredentialError::Unsupported.into());
        }
        let token = UnverifiedToken::parse(text, self.token_bytes)?;
        if token.unverified_payload().is_empty() {
            return Err(TokenError::NotThreeSegments.into());
        }
        let (index, issuer) = self.issuer(&token)?;
        trace.event(|| Event::Issuer { index });
        let candidates = token.candidates(&issuer.keys, now)?;
        trace.event(|| Event::KeysTried {
            positions: candidates.iter().map(|(position, _)| *position).collect(),
        });
        // SECURITY: claims are validated on what `verify_with` returns, so no claim is believed before the signature is.
        let (verified, position) = token.verify_with(candidates)?;
        trace.event(|| Event::KeyVerified { position });
        issuer.rules.validate(&verified, now, |check| trace.event(|| Event::Claim(check)))
    }

    /// The issuer whose keys the token is tried with, and its position. With several, its unverified `iss` chooses; the
    /// rules of the chosen one then demand that very `iss`.
    fn issuer(&self, token: &UnverifiedToken<'_>) -> Result<(usize, &'g Issuer), AuthError> {
        if let [only] = self.issuers {
            return Ok((0, only));
        }
        let name = claims::unverified_issuer(token.unverified_payload())?;
        let mut numbered = self.issuers.iter().enumerate();
        let chosen = numbered.find(|(_, issuer)| name.is_some() && issuer.rules.issuer == name);
        chosen.ok_or_else(|| ClaimsError::IssuerUntrusted.into())
    }
}
