//! The order of the steps. Each makes a value from the one before, and sees nothing else:
//!
//! parsed request → routes → credential → principal → permission → outbound request → bindings → verdict.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::sync::Arc;

use super::cors::Preflight;
use super::parts::Gate;
use super::refuse::{Asked, Refused};
use super::routes::{Admission, RouteMatch, admit};
use super::state::State;
use super::step::{
    AwaitedBody, AwaitedOther, AwaitedRecord, AwaitedReply, AwaitedRevocations, BodyNeed, CallNeed, Need,
    Purpose, RecordNeed, RevocationNeed, Step, WaitNeed, Waits,
};
use crate::api_key::PresentedKey;
use crate::call::Call;
use crate::credential::CredentialLocation;
use crate::error::{AuthError, CredentialError, PolicyError};
use crate::limits::WAIT_TRIES;
use crate::memory::CredentialDigest;
use crate::policy::route::CompiledAccess;
use crate::principal::Principal;
use crate::request::{Request, RequestHead};
use crate::sources::FetchId;
use crate::time::UnixTime;
use crate::trace::{Event, HypotheticalCaller, Trace};
use crate::unverified::Unverified;
use crate::upstream::handover::Handover;
use crate::upstream::outbound::Outbound;
use crate::upstream::standing::Standing;
use crate::verdict::{Decision, Diagnostics, Forward, Response, Verdict};

/// Who asks: the caller of the request, or somebody who is not there.
pub(super) enum Who<'c> {
    Caller,
    Hypothetical(&'c HypotheticalCaller),
}

/// A parsed request, and the routes that serve it.
pub(super) struct Routed<'g, 'r> {
    pub(super) request: Request<'r>,
    pub(super) routes: RouteMatch<'g>,
}

/// Who a credential is from, as far as it is known.
pub(super) enum Identity {
    Principal(Arc<Principal>, CredentialLocation),
    NeedsRecord(PresentedKey, CredentialLocation),
    NeedsCall(Call, Lacking),
    /// Another decision finds it out; how often this one may still look.
    Waits(u8),
}

/// What nobody here knows of the caller.
pub(super) enum Lacking {
    Keys(FetchId),
    Identity { digest: CredentialDigest, verified: Option<Arc<Principal>>, location: CredentialLocation },
}

/// A routed request, and who sends it.
pub(super) struct Identified<'g, 'r> {
    pub(super) routed: Routed<'g, 'r>,
    pub(super) principal: Arc<Principal>,
    pub(super) location: CredentialLocation,
}

/// How a decision goes on if nothing is wrong.
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub(super) enum Outcome {
    Forward(Forward, Diagnostics),
    Answer(Response, Diagnostics),
    NeedsRecord(AwaitedRecord),
    NeedsRevocations(AwaitedRevocations),
    NeedsBody(AwaitedBody),
    NeedsCall(AwaitedReply),
    Waits(AwaitedOther),
}

/// A decision under way: by which gate, when, and who watches.
pub(super) struct Decider<'g, 't, T> {
    pub(super) gate: &'g Gate,
    pub(super) state: &'t mut State,
    pub(super) now: UnixTime,
    /// How often it may wait for another decision.
    pub(super) tries: u8,
    pub(super) trace: &'t mut T,
}

impl Gate {
    /// Decides about a request at the time `now`, or says what is needed to decide.
    pub fn begin(&self, head: &RequestHead<'_>, now: UnixTime) -> Step {
        self.begin_traced(head, now, &mut ())
    }

    /// The same, watched by `trace`.
    pub fn begin_traced(&self, head: &RequestHead<'_>, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.begin_with(&mut State::none(), head, now, trace)
    }

    /// The same with what was learned.
    pub(super) fn begin_with(
        &self,
        state: &mut State,
        head: &RequestHead<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        self.begin_for(&Who::Caller, state, head, now, trace)
    }

    /// The same as if `caller` had sent the request, whatever credential is in it. For tools: nobody was authenticated.
    pub fn begin_as(
        &self,
        caller: &HypotheticalCaller,
        head: &RequestHead<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        self.begin_for(&Who::Hypothetical(caller), &mut State::none(), head, now, trace)
    }

    fn begin_for(
        &self,
        who: &Who<'_>,
        state: &mut State,
        head: &RequestHead<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        let outcome = match Request::parse(head) {
            Ok(request) => {
                trace.event(|| Event::Request(&request));
                Decider { gate: self, state, now, tries: WAIT_TRIES, trace }.decide(who, request)
            }
            Err(error) => Err(Refused { error, known: Box::default() }),
        };
        self.step(outcome, || self.asked(head), now)
    }

    /// A request that has waited, and the routes that serve it.
    pub(super) fn routed(&self, request: Request<'static>) -> Routed<'_, 'static> {
        let routes = self.routes(&request, &mut ());
        Routed { request, routes }
    }

    /// The step that an outcome is.
    pub(super) fn step(
        &self,
        outcome: Result<Outcome, Refused>,
        asked: impl FnOnce() -> Asked,
        now: UnixTime,
    ) -> Step {
        match outcome {
            Ok(Outcome::Forward(forward, known)) => {
                let diagnostics = Diagnostics { policy: Some(self.version()), ..known };
                Step::Verdict(Verdict { decision: Decision::Allow(forward), diagnostics })
            }
            Ok(Outcome::Answer(response, known)) => {
                let diagnostics = Diagnostics { policy: Some(self.version()), ..known };
                Step::Verdict(Verdict { decision: Decision::Answer(response), diagnostics })
            }
            Ok(Outcome::NeedsRecord(awaited)) => {
                Step::Need(Need::ApiKeyRecord(RecordNeed::new(self.clone(), asked(), awaited)))
            }
            Ok(Outcome::NeedsRevocations(awaited)) => {
                Step::Need(Need::Revocations(RevocationNeed::new(self.clone(), asked(), awaited)))
            }
            Ok(Outcome::NeedsBody(awaited)) => {
                Step::Need(Need::Body(BodyNeed::new(self.clone(), asked(), awaited)))
            }
            Ok(Outcome::NeedsCall(awaited)) => {
                Step::Need(Need::Call(CallNeed::new(self.clone(), asked(), awaited)))
            }
            Ok(Outcome::Waits(awaited)) => {
                Step::Need(Need::Wait(WaitNeed::new(self.clone(), asked(), awaited)))
            }
            Err(refused) => Step::Verdict(self.refuse(refused, asked(), now)),
        }
    }
}

impl<'g, T: Trace> Decider<'g, '_, T> {
    fn decide(&mut self, who: &Who<'_>, request: Request<'_>) -> Result<Outcome, Refused> {
        let routes = self.gate.routes(&request, self.trace);
        // A route for OPTIONS is meant as it is written: its requests are decided about like any other.
        if routes.route.is_none()
            && let Some(method) = request.preflight_method()
        {
            self.trace.event(|| Event::Preflight(method));
            let route = self.gate.route(method, &request, self.trace);
            return self.preflight(&Routed { request, routes: RouteMatch { route, beneath: None } });
        }
        let routed = Routed { request, routes };
        let cors = &self.gate.parts().cors;
        cors.check(&routed.request).map_err(|error| routed.refuse(self.gate, error))?;
        let admission = admit(routes).map_err(|error| routed.refuse(self.gate, error))?;
        self.limit(&routed).map_err(|error| routed.refuse(self.gate, error))?;
        match admission {
            Admission::Public(standing) => return self.forward_for_nobody(&routed, standing),
            Admission::Credential => {}
        }
        self.identified(routed, who)
    }

    /// Decides about a request whose caller has to be known.
    pub(super) fn identified(&mut self, routed: Routed<'g, '_>, who: &Who<'_>) -> Result<Outcome, Refused> {
        let identity = match who {
            Who::Caller => self.authenticate(&routed)?,
            Who::Hypothetical(caller) => {
                let principal = caller.principal(&self.gate.parts().policy.attributes);
                let principal = principal.map_err(|error| routed.refuse(self.gate, error))?;
                let missing = || routed.refuse(self.gate, CredentialError::Missing);
                let (principal, location) =
                    (Arc::new(principal.ok_or_else(missing)?), CredentialLocation::Authorization);
                // Nothing of somebody who is not there was taken back.
                return self.authorize(Identified { routed, principal, location });
            }
        };
        self.go_on(routed, identity)
    }

    /// Goes on with what is known of the caller.
    pub(super) fn go_on(&mut self, routed: Routed<'g, '_>, identity: Identity) -> Result<Outcome, Refused> {
        match identity {
            Identity::Principal(principal, location) => {
                self.unless_revoked(Identified { routed, principal, location })
            }
            Identity::NeedsRecord(key, location) => Ok(Outcome::NeedsRecord(AwaitedRecord {
                request: routed.request.into_owned(),
                key,
                location,
            })),
            Identity::NeedsCall(call, lacking) => {
                let request = Box::new(routed.request.into_owned());
                let (purpose, shared) = match lacking {
                    Lacking::Keys(id) => (Purpose::Keys(id, request), None),
                    Lacking::Identity { digest, verified, location } => {
                        let shared = self.shared_name(&digest);
                        (Purpose::Identity { request, digest, verified, location }, shared)
                    }
                };
                let (tries, since) = (self.tries, self.now);
                Ok(Outcome::NeedsCall(AwaitedReply { call, purpose, tries, since, shared }))
            }
            Identity::Waits(tries) => Ok(Outcome::Waits(AwaitedOther {
                waits: Waits::Caller(Box::new(routed.request.into_owned())),
                tries,
                since: self.now,
            })),
        }
    }

    /// A preflight carries no credential. It is decided on the route it asks about, and nothing else of it passes.
    fn preflight(&mut self, routed: &Routed<'_, '_>) -> Result<Outcome, Refused> {
        let cors = &self.gate.parts().cors;
        cors.check_listed(&routed.request).map_err(|error| routed.refuse(self.gate, error))?;
        let refused = match (routed.routes.route, &cors.preflight) {
            (None, _) => PolicyError::RouteUnknown,
            (Some(route), _) if route.access == CompiledAccess::Refused => PolicyError::RouteRefused,
            (Some(_), Preflight::Refuse) => PolicyError::RouteRefused,
            (Some(_), Preflight::Forward) => return self.forward_for_nobody(routed, Standing::Unverified),
            (Some(route), Preflight::Answer(governance)) => {
                let response = cors.answer(governance, &routed.request, &route.method);
                return Ok(Outcome::Answer(response, routed.known(self.gate)));
            }
        };
        Err(routed.refuse(self.gate, refused))
    }

    fn forward_for_nobody(
        &mut self,
        routed: &Routed<'_, '_>,
        standing: Standing,
    ) -> Result<Outcome, Refused> {
        let parts = self.gate.parts();
        let outbound = Outbound::of(&routed.request, &parts.upstream, &parts.locations, standing)
            .map_err(|error| routed.refuse(self.gate, error))?;
        let response = parts.cors.response_changes(&routed.request);
        let handover = Handover::new(&routed.request, outbound, &parts.locations, standing, response);
        let forward = handover.forward(&parts.upstream, None, self.now);
        Ok(Outcome::Forward(forward, routed.known(self.gate)))
    }
}

impl Routed<'_, '_> {
    pub(super) fn known(&self, gate: &Gate) -> Diagnostics {
        let mut known = Diagnostics { path: Some(self.request.path().to_owned()), ..Diagnostics::default() };
        if let Some(route) = self.routes.route {
            known.route = Some(route.text.clone());
            known.permission = gate.permission_of(route);
        }
        known
    }

    pub(super) fn refuse(&self, gate: &Gate, error: impl Into<AuthError>) -> Refused {
        Refused { error: error.into(), known: Box::new(self.known(gate)) }
    }

    /// A refusal of the credential that stands at `location` and says this about itself.
    pub(super) fn refuse_presented(
        &self,
        gate: &Gate,
        location: CredentialLocation,
        unverified: Option<Unverified>,
        error: impl Into<AuthError>,
    ) -> Refused {
        let unverified = unverified.map(Box::new);
        let known = Diagnostics { location: Some(location), unverified, ..self.known(gate) };
        Refused { error: error.into(), known: Box::new(known) }
    }
}
