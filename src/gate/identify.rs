//! From the credential of a request to the principal, with all that may have to be found out on the way.

use alloc::sync::Arc;

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
use crate::limits::ASK_TURN_SECS;
use crate::memory::{self, CredentialDigest, Said, Turn};
use crate::principal::Principal;
use crate::reason::RefusalKind;
use crate::request::Request;
use crate::session::SessionCarrier;
use crate::sources::{BundleWanted, KeysWanted};
use crate::time::UnixTime;
use crate::trace::{Event, Trace};
use crate::unverified::Unverified;

/// The number under which failures are counted; routes have theirs.
pub(super) const FAILURES: usize = 0;

/// What digests are made for: answers about credentials of each kind. Verified tokens have one as well ([`TOKENS`]).
///
/// [`TOKENS`]: super::state::TOKENS
const ANSWERS: u8 = 1;
const SESSION_ANSWERS: u8 = 4;
const COOKIE_ANSWERS: u8 = 5;

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
        match self.state.check(self.gate, credential, self.now, self.trace) {
            Ok(Checked::Principal { principal, .. }) => {
                parts.check_revoked(&self.state.sources, &principal, self.now)?;
                let is_token = matches!(credential, Credential::Token(_));
                if asks.is_some_and(|identity| identity.tokens && is_token) {
                    return self.ask(routed, credential, location, Some(principal));
                }
                Ok(Identity::Principal(principal, location))
            }
            Ok(Checked::NeedsRecord(key)) => self.need_record(routed, key, location),
            Ok(Checked::NeedsKeys { source, refusal }) => self.fetch(source, refusal),
            Err(error) if asks.is_some_and(|asks| asks.opaque) && self.is_opaque(credential, &error) => {
                self.check_session(credential, location)?;
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
        verified: Option<Arc<Principal>>,
    ) -> Result<Identity, AuthError> {
        let Some(identity) = &self.gate.parts().identity else {
            return Err(CredentialError::Unsupported.into());
        };
        let digest = memory::digest(purpose(credential, location), credential.text());
        match self.state.memory.answer(&digest, self.now) {
            Some(Said::Caller(answer)) => {
                let principal = self.known(identity, credential, verified, Arc::unwrap_or_clone(answer))?;
                return Ok(Identity::Principal(principal, location));
            }
            Some(Said::No | Said::Yes) => return Err(AuthError::Rejected),
            None => {}
        }
        match self.state.memory.turn(digest, self.now, ASK_TURN_SECS) {
            Turn::Ask => {}
            Turn::Wait => return self.wait(|| WaitError::Ask(AskError::NoAnswer).into()),
            Turn::Fail(error) => return Err(error),
        }
        let share = self.share_tokens(credential);
        let question = share.map_or(&identity.question, |share| &share.question);
        let call = question.call(&self.gate.parts().locations, &routed.request, location, credential.text());
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
        verified: Option<Arc<Principal>>,
        reply: Option<&Reply<'_>>,
    ) -> Result<Arc<Principal>, AuthError> {
        ClockError::check(self.now)?;
        match self.read_answer(&routed.request, &digest, reply, self.now) {
            Ok(said) => {
                self.share(&digest, reply, true, self.counted_secs(&said, self.now));
                self.heard(routed, digest, verified, said, self.now)
            }
            Err(error) => {
                if matches!(error, AuthError::Wait(WaitError::Ask(_))) {
                    self.state.memory.keep_failure(digest, error.clone(), self.now);
                }
                Err(error)
            }
        }
    }

    /// What `reply`, given at `given`, says about the credential of `request`.
    pub(super) fn read_answer(
        &self,
        request: &Request<'_>,
        digest: &CredentialDigest,
        reply: Option<&Reply<'_>>,
        given: UnixTime,
    ) -> Result<ask::Answer, AuthError> {
        let parts = self.gate.parts();
        let identity = parts.identity.as_ref().ok_or(CredentialError::Unsupported)?;
        let (credential, _) = parts.locations.find(request)?;
        let said = match self.share_tokens(&credential) {
            Some(share) => share.read(reply, given, identity.yes_secs, digest),
            None => identity.answer.read(reply, given, identity.yes_secs),
        };
        said.map_err(|error| WaitError::Ask(error).into())
    }

    /// For how many seconds what was said at `given` counts.
    pub(super) fn counted_secs(&self, said: &ask::Answer, given: UnixTime) -> u64 {
        match said {
            ask::Answer::No => self.gate.parts().identity.as_ref().map_or(0, |identity| identity.no_secs),
            ask::Answer::Caller(answer) => {
                answer.validity.end().map_or(0, |end| end.as_secs().saturating_sub(given.as_secs()))
            }
        }
    }

    /// Goes on with what was said about a credential at `given`.
    pub(super) fn heard(
        &mut self,
        routed: &Routed<'_, '_>,
        digest: CredentialDigest,
        verified: Option<Arc<Principal>>,
        said: ask::Answer,
        given: UnixTime,
    ) -> Result<Arc<Principal>, AuthError> {
        let (parts, now) = (self.gate.parts(), self.now);
        let Some(identity) = &parts.identity else { return Err(CredentialError::Unsupported.into()) };
        let (credential, _) = parts.locations.find(&routed.request)?;
        let secs = self.counted_secs(&said, given);
        let memory = &mut self.state.memory;
        match said {
            ask::Answer::No => {
                memory.keep_answer_of(given, digest, Said::No, now, secs);
                self.note_failure(routed, &AuthError::Rejected);
                Err(AuthError::Rejected)
            }
            ask::Answer::Caller(answer) => {
                memory.keep_answer_of(given, digest, Said::Caller(Arc::new(answer.clone())), now, secs);
                self.known(identity, &credential, verified, answer)
            }
        }
    }

    /// Checks a session of the origin's, if its signature can be.
    fn check_session(
        &self,
        credential: &Credential<'_>,
        location: CredentialLocation,
    ) -> Result<(), AuthError> {
        let rules = self.gate.parts().identity.as_ref().and_then(|identity| identity.session.as_ref());
        match (rules, credential) {
            (None, _) | (Some(_), Credential::ApiKey(_)) => Ok(()),
            (Some(rules), Credential::Token(text) | Credential::Session(text)) => {
                let is_cookie = location == CredentialLocation::Cookie;
                let carrier = if is_cookie { SessionCarrier::Cookie } else { SessionCarrier::Token };
                rules.check(carrier, text, self.now)
            }
        }
    }

    /// What is asked about `credential`, if it is a token that comes with a link.
    fn share_tokens(&self, credential: &Credential<'_>) -> Option<&ask::ShareTokens> {
        let parts = self.gate.parts();
        let share = parts.identity.as_ref()?.share.as_ref()?;
        parts.locations.is_share_token(credential.text()).then_some(share)
    }

    /// The principal that `answer` is about, with what was known of it before.
    fn known(
        &self,
        identity: &ask::Identity,
        credential: &Credential<'_>,
        verified: Option<Arc<Principal>>,
        mut answer: Principal,
    ) -> Result<Arc<Principal>, AuthError> {
        if matches!(credential, Credential::ApiKey(_)) && self.share_tokens(credential).is_none() {
            answer.roles.extend(identity.api_key_roles.iter().cloned());
        }
        answer.handling = identity.handling;
        let principal = merged(verified, answer)?;
        // A token may have ended while somebody was asked about it.
        principal.validity.check(self.now)?;
        self.gate.parts().check_revoked(&self.state.sources, &principal, self.now)?;
        Ok(Arc::new(principal))
    }

    /// Waits for what another decision finds out; `give_up` is what comes of it if that takes too long.
    pub(super) fn wait(&self, give_up: impl FnOnce() -> AuthError) -> Result<Identity, AuthError> {
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
            Credential::Session(text) => !jws::has_header(text),
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

/// What the digest of an answer about a credential is made for: the origin need not take in one place what it takes in
/// another.
fn purpose(credential: &Credential<'_>, location: CredentialLocation) -> u8 {
    match (credential, location) {
        (Credential::Token(_) | Credential::ApiKey(_), _) => ANSWERS,
        (Credential::Session(_), CredentialLocation::Cookie) => COOKIE_ANSWERS,
        (Credential::Session(_), _) => SESSION_ANSWERS,
    }
}

/// What is known of a caller from its token and from what was said about it: the token says who it is and for how long, the
/// answer what it may do.
fn merged(verified: Option<Arc<Principal>>, answer: Principal) -> Result<Principal, AuthError> {
    let Some(token) = verified.map(Arc::unwrap_or_clone) else { return Ok(answer) };
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
