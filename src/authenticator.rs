//! From a credential to a principal.

use alloc::sync::Arc;

use crate::api_key::{ApiKeys, CheckedKey, PresentedKey};
use crate::claims::{self, ClaimRules};
use crate::credential::Credential;
use crate::error::{AuthError, ClaimsError, CredentialError, TokenError};
use crate::jws::UnverifiedToken;
use crate::key::{KeySet, Means, VerificationKey};
use crate::principal::Principal;
use crate::sources::Sources;
use crate::time::UnixTime;
use crate::trace::{Event, Trace};

/// Who issues tokens, with which keys, under which rules.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The keys that verify its tokens.
    pub keys: IssuerKeys,
    /// What the claims of its tokens must satisfy.
    pub rules: ClaimRules,
}

/// The keys of an issuer.
#[derive(Debug, Clone)]
pub enum IssuerKeys {
    /// These.
    Fixed(KeySet),
    /// Those that are fetched: which of the sources, counted from 0.
    Fetched(usize),
    /// Those in the bundle: which of its issuers, counted from 0.
    Bundled(usize),
}

impl IssuerKeys {
    /// The keys that are known without asking anybody.
    pub fn known(&self) -> &[VerificationKey] {
        match self {
            Self::Fixed(keys) => keys.keys(),
            Self::Fetched(_) | Self::Bundled(_) => &[],
        }
    }
}

/// The result of checking a credential.
#[derive(Debug)]
pub(crate) enum Checked {
    /// Whose it is, and which source its issuer's keys are from.
    Principal { principal: Arc<Principal>, source: Option<usize> },
    /// An API key whose record only the host can get.
    NeedsRecord(PresentedKey),
    /// A token for which the source has no key: none at all, or not the one for the token, which is why it would be refused.
    NeedsKeys { source: usize, refusal: Option<TokenError> },
}

/// Everything a credential can be checked against.
pub(crate) struct Authenticator<'g> {
    pub(crate) issuers: &'g [Issuer],
    pub(crate) sources: &'g Sources,
    pub(crate) api_keys: Option<&'g ApiKeys>,
    pub(crate) token_bytes: usize,
    pub(crate) means: Means<'g>,
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
    ) -> Result<Checked, AuthError> {
        match credential {
            Credential::Token(text) => self.token(text, now, trace),
            Credential::Session(_) => Err(CredentialError::Unsupported.into()),
            Credential::ApiKey(text) => {
                trace.event(|| Event::ApiKey { id: ApiKeys::public_id(text) });
                let api_keys = self.api_keys.ok_or(CredentialError::Unsupported)?;
                let bundled = self.sources.bundle(now).map(|bundle| &bundle.records);
                Ok(match api_keys.check(text, bundled, now)? {
                    CheckedKey::Principal(principal) => {
                        Checked::Principal { principal: Arc::new(principal), source: None }
                    }
                    CheckedKey::NeedsRecord(key) => Checked::NeedsRecord(key),
                })
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
    ) -> Result<Checked, AuthError> {
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
        let (keys, source) = match issuer.keys {
            IssuerKeys::Fixed(ref keys) => (keys, None),
            IssuerKeys::Fetched(source) => match self.sources.keys(source, now) {
                Some(keys) => (keys, Some(source)),
                None => return Ok(Checked::NeedsKeys { source, refusal: None }),
            },
            IssuerKeys::Bundled(place) => {
                let source = self.sources.bundle_source();
                match self.sources.bundle(now).and_then(|bundle| bundle.keys(place)) {
                    Some(keys) => (keys, Some(source)),
                    None => return Ok(Checked::NeedsKeys { source, refusal: None }),
                }
            }
        };
        let candidates = match (token.candidates(keys, now), source) {
            // Keys rotate, and a new one may come with another algorithm; a public set never has secrets.
            (Err(refusal @ (TokenError::KeyUnknown | TokenError::AlgorithmNotAllowed)), Some(source))
                if !token.unverified_header().algorithm().is_symmetric() =>
            {
                return Ok(Checked::NeedsKeys { source, refusal: Some(refusal) });
            }
            (candidates, _) => candidates?,
        };
        trace.event(|| Event::KeysTried {
            positions: candidates.iter().map(|(position, _)| *position).collect(),
        });
        // SECURITY: claims are validated on what `verify_with` returns, so no claim is believed before the signature is.
        let (verified, position) = token.verify_with(candidates, self.means)?;
        trace.event(|| Event::KeyVerified { position });
        let principal = issuer.rules.validate(&verified, now, |check| trace.event(|| Event::Claim(check)))?;
        Ok(Checked::Principal { principal: Arc::new(principal), source })
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
