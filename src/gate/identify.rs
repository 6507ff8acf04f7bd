//! From the credential of a request to the principal, with all that may have to be found out on the way.

use alloc::boxed::Box;

use super::decide::{Decider, Identity, Lacking, Routed};
use super::refuse::Refused;
use crate::api_key;
use crate::ask;
use crate::authenticator::Checked;
use crate::call::Reply;
use crate::claims::common;
use crate::credential::{Credential, CredentialLocation, cross_site};
use crate::error::{ApiKeyError, AskError, AuthError, ClockError, CredentialError, TokenError, WaitError};
use crate::jws;
use crate::limits::{ASK_SECS, MEMORY_TOKEN_BYTES};
use crate::memory::{self, CredentialDigest, Said, Verified};
use crate::principal::Principal;
use crate::reason::RefusalKind;
use crate::sources::{BundleWanted, KeysWanted};
use crate::trace::{Event, Trace};
use crate::unverified::Unverified;

/// The number under which failures are counted; routes have theirs.
pub(super) const FAILURES: usize = 0;

/// What digests are made for: verified tokens, and answers.
const TOKENS: u8 = 0;
const ANSWERS: u8 = 1;

impl<T: Trace> Decider<'_, '_, T> {
    /// The one credential of the request, and who it is from.
    pub(super) fn authenticate(&mut self, routed: &Routed<'_, '_>) -> Result<Identity, Refused> {
        let parts = self.gate.parts();
        ClockError::check(self.now).map_err(|error| routed.refuse(self.gate, error))?;
        self.trace.event(|| {
            let presented = parts.locations.presented(&routed.request).unwrap_or_default();
            Event::Presented(presented.into_iter().map(|(_, location)| location).collect())
        });
        let (credential, location) =
            parts.locations.find(&routed.request).map_err(|error| routed.refuse(self.gate, error))?;
        let identity = self.identify(routed, &credential, location);
        identity.map_err(|error| {
            self.note_failure(routed, &error);
            let unverified = Unverified::of(&credential, parts.token_bytes);
            routed.refuse_presented(self.gate, location, unverified, error)
        })
    }

    fn identify(
        &mut self,
        routed: &Routed<'_, '_>,
        credential: &Credential<'_>,
        location: CredentialLocation,
    ) -> Result<Identity, AuthError> {
        let parts = self.gate.parts();
        if location == CredentialLocation::Cookie {
            cross_site::check(&routed.request, |origin| parts.cors.names(origin))?;
        }
        // SECURITY: before anything is computed for a client that guesses.
        self.check_failures(routed)?;
        if let Some(identity) = self.await_bundle()? {
            return Ok(identity);
        }
        parts.check_credential(&self.state.sources, credential.text(), self.now)?;
        let asks = parts.identity.as_ref();
        match self.check(credential) {
            Ok(Checked::Principal { principal, .. }) => {
                parts.check_revoked(&self.state.sources, &principal, self.now)?;
                let is_token = matches!(credential, Credential::Token(_));
                if asks.is_some_and(|identity| identity.tokens && is_token) {
                    return self.ask(routed, credential, location, Some(principal));
                }
                Ok(Identity::Principal(principal, location))
            }
            Ok(Checked::NeedsRecord(key)) => Ok(Identity::NeedsRecord(key, location)),
            Ok(Checked::NeedsKeys { source, refusal }) => self.fetch(source, refusal),
            Err(error) if asks.is_some_and(|asks| asks.opaque) && self.is_opaque(credential, &error) => {
                self.ask(routed, credential, location, None)
            }
            Err(error) => Err(error),
        }
    }

    /// What has to happen before the bundle can be relied on, if anything has to.
    fn await_bundle(&mut self) -> Result<Option<Identity>, AuthError> {
        match self.state.sources.want_bundle(self.gate.parts().rules(), self.now) {
            BundleWanted::Nothing => Ok(None),
            BundleWanted::Call(id, call) => Ok(Some(Identity::NeedsCall(call, Lacking::Keys(id)))),
            BundleWanted::UnderWay => match self.tries.checked_sub(1) {
                Some(tries) => Ok(Some(Identity::Waits(tries))),
                // Whether there is one to be used is looked at by all that rests on it.
                None => Ok(None),
            },
            BundleWanted::Missing => Err(self.state.sources.no_bundle(self.now)),
        }
    }

    /// Checks the credential, unless it is a token that is known to be good.
    fn check(&mut self, credential: &Credential<'_>) -> Result<Checked, AuthError> {
        let (gate, now) = (self.gate, self.now);
        let remembers = gate.parts().memory.entries > 0;
        let digest = match credential {
            Credential::Token(text) if remembers && text.len() <= MEMORY_TOKEN_BYTES => {
                memory::digest(TOKENS, text)
            }
            _ => return gate.authenticator(&self.state.sources).authenticate(credential, now, self.trace),
        };
        let sources = &self.state.sources;
        let is_current = |source, generation| sources.is_current(source, generation, now);
        if let Some(principal) = self.state.memory.token(&digest, is_current) {
            // Everything else about it is as it was; what time does to it is looked at every time.
            if let Err(error) = principal.validity.check(now) {
                self.state.memory.forget_token(&digest);
                return Err(error);
            }
            return Ok(Checked::Principal { principal, source: None });
        }
        let checked = gate.authenticator(sources).authenticate(credential, now, self.trace)?;
        if let Checked::Principal { principal, source } = &checked {
            let keys = source.map(|source| (source, self.state.sources.generation(source)));
            self.state.memory.keep_token(digest, Verified { principal: principal.clone(), keys });
        }
        Ok(checked)
    }

    /// What a decision does whose token asks for keys that are not there.
    fn fetch(&mut self, source: usize, refusal: Option<TokenError>) -> Result<Identity, AuthError> {
        let retry_secs = self.state.sources.retry_secs(source, self.now);
        let unavailable = || WaitError::Keys { retry_secs }.into();
        match self.state.sources.want(self.gate.parts().rules(), source, self.now) {
            KeysWanted::Call(id, call) => Ok(Identity::NeedsCall(call, Lacking::Keys(id))),
            KeysWanted::UnderWay => self.wait(unavailable),
            // SECURITY: a source that fails may have a key by now that is not known here: whoever has a token of that
            // must not be told that the token is bad.
            KeysWanted::Settled => match refusal.filter(|_| self.state.sources.is_sound(source)) {
                Some(refusal) => Err(refusal.into()),
                None => Err(unavailable()),
            },
        }
    }

    /// Asks who the credential is from; `verified` is what is known of it.
    fn ask(
        &mut self,
        routed: &Routed<'_, '_>,
        credential: &Credential<'_>,
        location: CredentialLocation,
        verified: Option<Principal>,
    ) -> Result<Identity, AuthError> {
        let Some(identity) = &self.gate.parts().identity else {
            return Err(CredentialError::Unsupported.into());
        };
        let digest = memory::digest(ANSWERS, credential.text());
        match self.state.memory.answer(&digest, self.now) {
            Some(Said::Caller(answer)) => {
                let principal = merged(verified, *answer)?;
                principal.validity.check(self.now)?;
                self.gate.parts().check_revoked(&self.state.sources, &principal, self.now)?;
                return Ok(Identity::Principal(principal, location));
            }
            Some(Said::No | Said::Yes) => return Err(AuthError::Rejected),
            None => {}
        }
        // A second longer than the answer is waited for.
        if self.state.memory.is_asking(digest, self.now, ASK_SECS.saturating_add(1)) {
            return self.wait(|| WaitError::Ask(AskError::NoAnswer).into());
        }
        let call = identity.question.call(
            &self.gate.parts().locations,
            &routed.request,
            location,
            credential.text(),
        );
        let verified = verified.map(Box::new);
        Ok(Identity::NeedsCall(call, Lacking::Identity { digest, verified, location }))
    }

    /// What a decision does whose API key is refused with what the store said of it: somebody else may know one of another
    /// system that nobody here has a record of.
    pub(super) fn unrecorded(
        &mut self,
        routed: &Routed<'_, '_>,
        refusal: AuthError,
    ) -> Result<Identity, AuthError> {
        let parts = self.gate.parts();
        if !parts.identity.as_ref().is_some_and(|identity| identity.opaque) {
            return Err(refusal);
        }
        let (credential, location) = parts.locations.find(&routed.request)?;
        if !self.is_opaque(&credential, &refusal) {
            return Err(refusal);
        }
        self.ask(routed, &credential, location, None)
    }

    /// Goes on with what was said about a credential.
    pub(super) fn answered(
        &mut self,
        routed: &Routed<'_, '_>,
        digest: CredentialDigest,
        verified: Option<Principal>,
        reply: Option<&Reply<'_>>,
    ) -> Result<Principal, AuthError> {
        let (parts, now) = (self.gate.parts(), self.now);
        let Some(identity) = &parts.identity else { return Err(CredentialError::Unsupported.into()) };
        ClockError::check(now)?;
        let memory = &mut self.state.memory;
        match identity.answer.read(reply, now, identity.yes_secs) {
            Err(error) => {
                memory.asked(&digest);
                Err(WaitError::Ask(error).into())
            }
            Ok(ask::Answer::No) => {
                memory.keep_answer(digest, Said::No, now, identity.no_secs);
                self.note_failure(routed, &AuthError::Rejected);
                Err(AuthError::Rejected)
            }
            Ok(ask::Answer::Caller(answer)) => {
                let secs = answer.validity.end().map_or(0, |end| end.as_secs().saturating_sub(now.as_secs()));
                memory.keep_answer(digest, Said::Caller(Box::new(answer.clone())), now, secs);
                let principal = merged(verified, answer)?;
                // A token may have ended while somebody was asked about it.
                principal.validity.check(now)?;
                parts.check_revoked(&self.state.sources, &principal, now)?;
                Ok(principal)
            }
        }
    }

    /// Waits for what another decision finds out; `give_up` is what comes of it if that takes too long.
    fn wait(&self, give_up: impl FnOnce() -> AuthError) -> Result<Identity, AuthError> {
        match self.tries.checked_sub(1) {
            Some(tries) => Ok(Identity::Waits(tries)),
            None => Err(give_up()),
        }
    }

    /// Whether somebody else may know a credential that was refused for `error`: neither a token of the gate's issuers nor a
    /// key of its own form.
    fn is_opaque(&self, credential: &Credential<'_>, error: &AuthError) -> bool {
        let fits = credential.text().len() <= self.gate.parts().token_bytes;
        let is_unknown = match credential {
            Credential::Token(text) => match error {
                AuthError::Credential(CredentialError::Unsupported) => true,
                AuthError::Token(
                    TokenError::NotThreeSegments | TokenError::NotBase64Url | TokenError::HeaderNotJson,
                ) => !jws::has_header(text),
                _ => false,
            },
            Credential::ApiKey(text) => {
                let is_unknown = matches!(
                    error,
                    AuthError::Credential(CredentialError::Unsupported)
                        | AuthError::ApiKey(ApiKeyError::Unknown)
                );
                is_unknown && !text.starts_with(api_key::PREFIX)
            }
        };
        fits && is_unknown
    }

    fn check_failures(&mut self, routed: &Routed<'_, '_>) -> Result<(), AuthError> {
        let (Some(limit), Some(client)) = (self.gate.parts().failures, routed.request.client()) else {
            return Ok(());
        };
        match self.state.memory.exceeded(FAILURES, limit, client, self.now) {
            Some(retry_secs) => Err(WaitError::RateLimited { retry_secs }.into()),
            None => Ok(()),
        }
    }

    /// Counts a credential that is good for nothing. One that has expired was good once: clients try those again.
    pub(super) fn note_failure(&mut self, routed: &Routed<'_, '_>, error: &AuthError) {
        if error.reason().refusal().kind != RefusalKind::InvalidCredential {
            return;
        }
        if let (Some(limit), Some(client)) = (self.gate.parts().failures, routed.request.client()) {
            self.state.memory.note(FAILURES, limit, client, self.now);
        }
    }

    /// Counts a request of a route that is limited.
    ///
    /// # Errors
    ///
    /// [`WaitError::RateLimited`] if its client has used the route too often.
    pub(super) fn limit(&mut self, routed: &Routed<'_, '_>) -> Result<(), AuthError> {
        let limits = routed.routes.all().filter_map(|route| route.limit);
        for (number, limit) in limits {
            let Some(client) = routed.request.client() else { continue };
            if let Some(retry_secs) = self.state.memory.exceeded(number, limit, client, self.now) {
                return Err(WaitError::RateLimited { retry_secs }.into());
            }
            self.state.memory.note(number, limit, client, self.now);
        }
        Ok(())
    }
}

/// What is known of a caller from its token and from what was said about it: the token says who it is and for how long, the
/// answer what it may do.
fn merged(verified: Option<Principal>, answer: Principal) -> Result<Principal, AuthError> {
    let Some(token) = verified else { return Ok(answer) };
    // SECURITY: the roles of somebody else.
    if token.subject != answer.subject {
        return Err(WaitError::Ask(AskError::OtherSubject).into());
    }
    let mut attributes = answer.attributes;
    attributes.extend(token.attributes);
    let mut carried = answer.carried;
    carried.extend(token.carried);
    Ok(Principal {
        roles: answer.roles,
        scopes: common(token.scopes, answer.scopes),
        tenant: token.tenant.or(answer.tenant),
        attributes,
        carried,
        ..token
    })
}
