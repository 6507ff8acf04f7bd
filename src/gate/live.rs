//! A gate as it lives in a host: with what it has learned.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::identify::FAILURES;
use super::parts::Gate;
use super::state::State;
use super::step::{BodyNeed, CallNeed, RecordNeed, RevocationNeed, Step, WaitNeed};
use crate::api_key::RecordLookup;
use crate::authenticator::IssuerKeys;
use crate::call::{Call, Reply};
use crate::error::AuthError;
use crate::memory::MemoryCounters;
use crate::principal::Principal;
use crate::rate_limit::RateLimit;
use crate::request::{Client, RequestHead};
use crate::revocation::RevocationLookup;
use crate::sources::{FetchId, SourceStatus};
use crate::time::UnixTime;
use crate::trace::Trace;

/// A [`Gate`] with what it has learned while it runs: the keys that it fetched, what it remembers, who has failed how often.
///
/// One per instance of a host. It does no I/O: what has to be found out is a [`Need`](crate::Need) of the decision that it is
/// needed for, or a [`Refresh`] that is due.
///
/// ```
/// use portcullis::api_key::RecordLookup;
/// use portcullis::{Call, LiveGate, Need, Reply, RequestHead, Step, UnixTime, Verdict};
///
/// fn decide(
///     gate: &mut LiveGate,
///     head: &RequestHead<'_>,
///     body: &[u8],
///     now: UnixTime,
///     mut send: impl FnMut(&Call) -> Option<(u16, Vec<u8>)>,
/// ) -> Verdict {
///     let mut step = gate.begin(head, now);
///     loop {
///         step = match step {
///             Step::Verdict(verdict) => return verdict,
///             // A host without a store.
///             Step::Need(Need::ApiKeyRecord(need)) => {
///                 gate.supply_record(need, &RecordLookup::Unavailable, now)
///             }
///             Step::Need(Need::Revocations(need)) => need.unavailable(),
///             Step::Need(Need::Body(need)) => gate.supply_body(need, Some(body), now),
///             Step::Need(Need::Call(need)) => {
///                 let answer = send(need.call());
///                 let reply = answer.as_ref().map(|(status, body)| Reply { status: *status, headers: &[], body });
///                 gate.supply_reply(need, reply.as_ref(), now)
///             }
///             // Nobody else decides anything here, so that there is nobody to wait for.
///             Step::Need(Need::Wait(need)) => gate.give_up(need, now),
///         };
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct LiveGate {
    pub(super) gate: Gate,
    pub(super) state: State,
}

/// A fetch that is due, for no decision in particular.
#[derive(Debug)]
pub struct Refresh {
    id: FetchId,
    call: Call,
}

impl Refresh {
    /// What to send.
    pub fn call(&self) -> &Call {
        &self.call
    }
}

impl LiveGate {
    /// A gate that has learned nothing yet. `seed`, any number that other instances do not have, spreads the fetches of many.
    pub fn new(gate: Gate, seed: u64) -> Self {
        let state = State::new(&gate, seed);
        Self { gate, state }
    }

    /// The same, where the host looks all records of API keys up in one store: decisions with one key that are made at once,
    /// or within [`RECORD_SECS`](crate::limits::RECORD_SECS), ask it once.
    #[must_use]
    pub fn with_one_store(mut self) -> Self {
        self.state.one_store = true;
        self
    }

    /// The gate itself.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Decides about a request at the time `now`, or says what is needed to decide.
    pub fn begin(&mut self, head: &RequestHead<'_>, now: UnixTime) -> Step {
        self.begin_traced(head, now, &mut ())
    }

    /// The same, watched by `trace`.
    pub fn begin_traced(&mut self, head: &RequestHead<'_>, now: UnixTime, trace: &mut impl Trace) -> Step {
        self.gate.begin_with(&mut self.state, head, now, trace)
    }

    /// Goes on with what the host found out about the record of an API key.
    pub fn supply_record(&mut self, need: RecordNeed, record: &RecordLookup, now: UnixTime) -> Step {
        need.supply_with(&mut self.state, record, now, &mut ())
    }

    /// Goes on with what the host's store says of revocations.
    pub fn supply_revocations(
        &mut self,
        need: RevocationNeed,
        found: &RevocationLookup<'_>,
        now: UnixTime,
    ) -> Step {
        need.supply_with(&mut self.state, found, now, &mut ())
    }

    /// Goes on without what a store would say of revocations, because there was nobody to ask: other decisions are not told of
    /// a failure, and the next one may ask.
    pub fn without_revocations(&mut self, need: RevocationNeed) -> Step {
        self.state.memory.land(&need.digest());
        need.unavailable()
    }

    /// Goes on with the body, or without it, if it could not be read. A call may still follow: the host keeps the body until
    /// there is a verdict.
    pub fn supply_body(&mut self, need: BodyNeed, body: Option<&[u8]>, now: UnixTime) -> Step {
        need.supply_with(&mut self.state, body, now, &mut ())
    }

    /// Goes on with the answer to a call, or without one, if there was none.
    pub fn supply_reply(&mut self, need: CallNeed, reply: Option<&Reply<'_>>, now: UnixTime) -> Step {
        self.supply_reply_traced(need, reply, now, &mut ())
    }

    /// The same, watched by `trace`.
    pub fn supply_reply_traced(
        &mut self,
        need: CallNeed,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Step {
        need.supply_with(&mut self.state, reply, now, trace)
    }

    /// Notes that a client has failed as often as it may.
    pub(super) fn fill(&mut self, limit: RateLimit, client: Client, now: UnixTime) {
        self.state.memory.fill(FAILURES, limit, client, now);
    }

    /// Looks again, [`WAIT_MILLIS`](crate::limits::WAIT_MILLIS) later, whether another decision has found out what this one
    /// waits for.
    pub fn again(&mut self, need: WaitNeed, now: UnixTime) -> Step {
        need.again_with(&mut self.state, now, &mut ())
    }

    /// Decides without what another decision is finding out: for a host that cannot wait.
    pub fn give_up(&mut self, need: WaitNeed, now: UnixTime) -> Step {
        need.last_try(&mut self.state, now, &mut ())
    }

    /// The next fetch that is due, if one is. A host asks after each request, or at a tick, until there is none.
    pub fn due(&mut self, now: UnixTime) -> Option<Refresh> {
        let due = self.state.sources.due(self.gate.parts().rules(), now);
        due.map(|(id, call)| Refresh { id, call })
    }

    /// Takes what a fetch has brought; `None` if there was no answer. Where that says where to look next, there is a further
    /// one.
    pub fn refreshed(
        &mut self,
        refresh: &Refresh,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
    ) -> Option<Refresh> {
        let next = self.state.sources.arrived(self.gate.parts().rules(), refresh.id, reply, now);
        next.map(|call| Refresh { id: refresh.id, call })
    }

    /// The principal a bearer token proves, with the keys that are known: as [`Gate::verify`]. The signature of a token that is
    /// remembered is not verified again, here and where requests are decided.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub fn verify(&mut self, token: &str, now: UnixTime) -> Result<Arc<Principal>, AuthError> {
        self.state.verify(&self.gate, token, now)
    }

    /// The same gate with the keys and the bundle that are known now in the place of their sources: for tools that explain.
    pub fn pinned(&self, now: UnixTime) -> Gate {
        let mut parts = self.gate.parts().clone();
        let bundle = self.state.sources.bundle(now);
        for issuer in &mut parts.issuers {
            let keys = match issuer.keys {
                IssuerKeys::Fixed(_) => None,
                IssuerKeys::Fetched(source) => self.state.sources.keys(source, now),
                IssuerKeys::Bundled(place) => bundle.and_then(|bundle| bundle.keys(place)),
            };
            if let Some(keys) = keys {
                issuer.keys = IssuerKeys::Fixed(keys.clone());
            }
        }
        if let Some(bundle) = bundle {
            parts.bundle = None;
            parts.api_keys = parts.api_keys.map(|api_keys| api_keys.with(&bundle.records));
            parts.revocations.extend(&bundle.revocations);
        }
        self.gate.with_parts(parts)
    }

    /// How the sources of keys are, in the order of the configuration, and after them the bundle.
    pub fn sources(&self, now: UnixTime) -> Vec<SourceStatus> {
        self.state.sources.status(self.gate.parts().rules(), now)
    }

    /// Of how much use the memory was.
    pub fn memory(&self) -> MemoryCounters {
        self.state.memory.counters()
    }
}
