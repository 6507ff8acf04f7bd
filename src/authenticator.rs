//! From a credential to a principal.

use crate::api_key::{ApiKeys, Checked, RecordAnswer};
use crate::claims::{self, ClaimCheck, ClaimRules};
use crate::credential::Credential;
use crate::error::{AuthError, ClaimsError, CredentialError, TokenError};
use crate::jws::UnverifiedToken;
use crate::key::{KeySet, VerificationKey};
use crate::principal::Principal;
use crate::time::UnixTime;

/// Who issues tokens, with which keys, under which rules.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) keys: KeySet,
    pub(crate) rules: ClaimRules,
}

/// Is told what becomes of a token, for whoever explains it afterwards. `()` takes no notice.
pub(crate) trait Witness<'g> {
    /// The token is tried with the keys of `issuer`.
    fn chosen(&mut self, _issuer: &'g Issuer) {}
    /// `key` verified the signature.
    fn verified(&mut self, _key: &'g VerificationKey) {}
    /// The claims passed `check`.
    fn passed(&mut self, _check: ClaimCheck) {}
}

impl Witness<'_> for () {}

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
        self.witnessed(text, now, &mut ())
    }

    /// The same before a witness.
    pub(crate) fn witnessed(
        &self,
        text: &str,
        now: UnixTime,
        witness: &mut impl Witness<'g>,
    ) -> Result<Principal, AuthError> {
        if self.issuers.is_empty() {
            return Err(CredentialError::Unsupported.into());
        }
        let token = UnverifiedToken::parse(text, self.token_bytes)?;
        if token.unverified_payload().is_empty() {
            return Err(TokenError::NotThreeSegments.into());
        }
        let issuer = self.issuer(&token)?;
        witness.chosen(issuer);
        // SECURITY: claims are validated on what `verify_with` returns, so no claim is believed before the signature is.
        let (verified, key) = token.verify_with(&issuer.keys, now)?;
        witness.verified(key);
        issuer.rules.validate(&verified, now, |check| witness.passed(check))
    }

    /// The issuer whose keys the token is tried with. With several, its unverified `iss` chooses; the rules of the
    /// chosen one then demand that very `iss`.
    fn issuer(&self, token: &UnverifiedToken<'_>) -> Result<&'g Issuer, AuthError> {
        if let [only] = self.issuers {
            return Ok(only);
        }
        let name = claims::unverified_issuer(token.unverified_payload())?;
        let chosen = self.issuers.iter().find(|issuer| name.is_some() && issuer.rules.issuer == name);
        chosen.ok_or_else(|| ClaimsError::IssuerUntrusted.into())
    }
}
