//! Decisions that go on: with what they have waited for, or without.

use alloc::boxed::Box;

use super::decide::{Decider, Identified, Outcome, Who};
use super::objects;
use super::refuse::Refused;
use super::state::State;
use super::step::{
    AwaitedBody, AwaitedOther, AwaitedRecord, AwaitedReply, AwaitedRevocations, BodyNeed, CallNeed, Purpose,
    RecordNeed, RevocationNeed, Step, WaitNeed, Waits,
};
use crate::api_key::RecordLookup;
use crate::call::Reply;
use crate::error::{BodyError, PolicyError};
use crate::limits::WAIT_TRIES;
use crate::policy::binding::Binding;
use crate::revocation::RevocationLookup;
use crate::time::UnixTime;
use crate::trace::Trace;
use crate::unverified::Unverified;
use crate::verdict::{Diagnostics, Verdict};

impl RecordNeed {
    /// Goes on with what the host found out, at the time `now`.
    pub fn supply(self, record: &RecordLookup, now: UnixTime) -> Step {
        self.supply_traced(record, now, &mut ())
    }

    /// The same, watched by `trace`.
    pub fn supply_traced(self, record: &RecordLookup, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.supply_with(&mut State::none(), record, now, trace)
    }

    /// The same with what was learned.
    pub(super) fn supply_with(
        self,
        state: &mut State,
        record: &RecordLookup,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        let (gate, asked, AwaitedRecord { request, key, location }) = self.into_parts();
        let routed = gate.routed(request);
        let mut decider = Decider { gate: &gate, state, now, tries: WAIT_TRIES, trace };
        let outcome = match decider.record_found(&routed, &key, location, record) {
            Ok(identity) => decider.go_on(routed, identity),
            Err(error) => {
                decider.note_failure(&routed, &error);
                let unverified = key.public_id().map(Unverified::of_key);
                Err(routed.refuse_presented(&gate, location, unverified, error))
            }
        };
        gate.step(outcome, || asked, now)
    }
}

impl RevocationNeed {
    /// Goes on without an answer, at the time the need arose: for a host without a store.
    pub fn unavailable(self) -> Step {
        let since = self.since();
        self.supply(&RevocationLookup::Unavailable, since)
    }

    /// Goes on with what the host found out, at the time `now`.
    pub fn supply(self, found: &RevocationLookup<'_>, now: UnixTime) -> Step {
        self.supply_traced(found, now, &mut ())
    }

    /// The same, watched by `trace`.
    pub fn supply_traced(self, found: &RevocationLookup<'_>, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.supply_with(&mut State::none(), found, now, trace)
    }

    /// The same with what was learned.
    pub(super) fn supply_with(
        self,
        state: &mut State,
        found: &RevocationLookup<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        let (gate, asked, AwaitedRevocations { request, principal, location, keys, .. }) = self.into_parts();
        let identified = Identified { routed: gate.routed(request), principal, location };
        let mut decider = Decider { gate: &gate, state, now, tries: WAIT_TRIES, trace };
        let outcome = decider.revocations_found(identified, &keys, found);
        gate.step(outcome, || asked, now)
    }
}

impl CallNeed {
    /// Goes on without an answer, at the time the need arose: for a host that calls nobody.
    pub fn unavailable(self) -> Step {
        let since = self.since();
        self.supply_with(&mut State::none(), None, since, &mut ())
    }

    /// Goes on with the answer, watched by `trace`, where nothing is learned from it for other decisions: for tools. What
    /// [`LiveGate::supply_reply`](crate::LiveGate::supply_reply) does is for hosts.
    pub fn supply_traced(self, reply: Option<&Reply<'_>>, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.supply_with(&mut State::none(), reply, now, trace)
    }

    /// Goes on with the answer, with what was learned.
    pub(super) fn supply_with(
        self,
        state: &mut State,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        let (gate, asked, AwaitedReply { purpose, tries, .. }) = self.into_parts();
        let mut decider = Decider { gate: &gate, state, now, tries, trace };
        let outcome = match purpose {
            Purpose::Keys(id, request) => {
                match decider.state.sources.arrived(gate.parts().rules(), id, reply, now) {
                    // The answer says where to ask next.
                    Some(call) => Ok(Outcome::NeedsCall(AwaitedReply {
                        call,
                        purpose: Purpose::Keys(id, request),
                        tries,
                        since: now,
                        shared: None,
                    })),
                    None => decider.identified(gate.routed(*request), &Who::Caller),
                }
            }
            Purpose::Identity { request, digest, verified, location } => {
                let routed = gate.routed(*request);
                match decider.answered(&routed, digest, verified, reply) {
                    Ok(principal) => decider.unless_revoked(Identified { routed, principal, location }),
                    Err(error) => Err(routed.refuse_presented(&gate, location, None, error)),
                }
            }
            Purpose::Objects(awaited) => decider.object_answered(*awaited, reply),
        };
        gate.step(outcome, || asked, now)
    }
}

impl WaitNeed {
    /// Goes on without waiting, at the time the need arose: for a host that cannot wait.
    pub fn unavailable(self) -> Step {
        let since = self.since();
        self.last_try(&mut State::none(), since, &mut ())
    }

    /// Looks again.
    pub(super) fn again_with(self, state: &mut State, now: UnixTime, trace: &mut impl Trace) -> Step {
        let tries = self.tries();
        self.look(state, tries, now, trace)
    }

    /// Looks once more, and then no longer.
    pub(super) fn last_try(self, state: &mut State, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.look(state, 0, now, trace)
    }

    fn look(self, state: &mut State, tries: u8, now: UnixTime, trace: &mut impl Trace) -> Step {
        let (gate, asked, AwaitedOther { waits, .. }) = self.into_parts();
        let mut decider = Decider { gate: &gate, state, now, tries, trace };
        let outcome = match waits {
            Waits::Caller(request) => decider.identified(gate.routed(*request), &Who::Caller),
            Waits::Objects(awaited) => decider.objects_again(*awaited),
            Waits::Revocations(awaited) => decider.revocations_again(*awaited),
        };
        gate.step(outcome, || asked, now)
    }
}

impl BodyNeed {
    /// Goes on with the body, whole, or with more bytes of it than [`BodyNeed::limit`], at the time `now`. Nobody is asked
    /// whether objects in it are the caller's: they are not.
    pub fn supply(self, body: &[u8], now: UnixTime) -> Verdict {
        self.supply_traced(Some(body), now, &mut ())
    }

    /// Goes on without the body, which could not be read: the request is refused.
    pub fn unavailable(self, now: UnixTime) -> Verdict {
        self.supply_traced(None, now, &mut ())
    }

    /// Goes on with the body or, if it is `None`, without, watched by `trace`.
    pub fn supply_traced(self, body: Option<&[u8]>, now: UnixTime, trace: &mut impl Trace) -> Verdict {
        let mut step = self.supply_with(&mut State::none(), body, now, trace);
        loop {
            step = match step {
                Step::Verdict(verdict) => return verdict,
                Step::Need(need) => need.unavailable(now),
            };
        }
    }

    /// Goes on with the body, with what was learned.
    pub(super) fn supply_with(
        self,
        state: &mut State,
        body: Option<&[u8]>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        let (gate, asked, awaited) = self.into_parts();
        let AwaitedBody { caller, handover, announced, bindings, known, asker, mut objects } = awaited;
        let mut decider = Decider { gate: &gate, state, now, tries: WAIT_TRIES, trace };
        // Whoever has expired while the body was on its way is not allowed.
        let still_valid = caller.principal.validity.check(now);
        let body = still_valid.and_then(|()| Ok(announced.read(body.ok_or(BodyError::Unavailable)?)?));
        let found = body.map_err(|error| (error, None)).and_then(|body| {
            let read = |binding: &Binding| binding.read_body(&body);
            let compared = decider.compare(bindings.iter(), read, &caller.principal);
            let found = compared.and_then(|()| objects::objects(bindings.iter(), read));
            found.map_err(|broken| (PolicyError::BindingMismatch.into(), Some(broken.text())))
        });
        let outcome = match found {
            Ok(found) => {
                objects.extend(found);
                decider.hand_over(caller, handover, known, asker, objects)
            }
            Err((error, binding)) => {
                let known = Diagnostics { principal: Some(caller.principal), binding, ..known };
                Err(Refused { error, known: Box::new(known) })
            }
        };
        gate.step(outcome, || asked, now)
    }
}
