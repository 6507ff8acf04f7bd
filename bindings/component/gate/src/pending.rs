//! What waits for the host: decisions, and fetches that are due.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::limits::WAIT_MILLIS;
use portcullis::{
    BodyNeed, CallNeed, LiveGate, Need, RecordNeed, Refresh, Step, UnixTime, Verdict, WaitNeed,
};
use portcullis_component_common::Policy;

use crate::bindings::exports::portcullis::auth::authorization::{
    self as wit, GuestPendingBody, GuestPendingCall, GuestPendingRecord, GuestPendingWait, GuestRefresh,
};
use crate::bindings::exports::portcullis::auth::types;
use crate::convert::{self, limit, with_reply};

/// What a resource of a decision that waits stands for.
#[derive(Debug)]
pub(crate) struct Waiting<N> {
    need: N,
    course: Course,
}

/// By which gate a decision goes on, and what its log line takes.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) policy: Rc<Policy>,
    pub(crate) line: Line,
}

/// What the log line of a request takes besides the verdict.
#[derive(Debug)]
pub(crate) struct Line {
    method: String,
    request_id: String,
}

/// What the resource `refresh` stands for.
#[derive(Debug)]
pub(crate) struct Fetch {
    refresh: Refresh,
    policy: Rc<Policy>,
}

/// A fetch that is due, as a resource.
pub(crate) fn refresh(policy: &Rc<Policy>, due: Option<Refresh>) -> Option<wit::Refresh> {
    due.map(|refresh| wit::Refresh::new(Fetch { refresh, policy: Rc::clone(policy) }))
}

impl<N> Waiting<N> {
    /// Goes on as `supply` does.
    fn go_on(self, supply: impl FnOnce(&mut LiveGate, N) -> Step) -> wit::Step {
        let Self { need, course } = self;
        let step = course.policy.with(|gate| supply(gate, need));
        course.step(step)
    }
}

impl GuestPendingRecord for Waiting<RecordNeed> {
    fn store_key(&self) -> String {
        self.need.store_key().to_string()
    }

    fn supply(pending: wit::PendingRecord, found: types::RecordLookup, now: types::UnixTime) -> wit::Step {
        let (found, now) = (convert::lookup(&found), UnixTime::from_secs(now));
        pending.into_inner::<Self>().go_on(|gate, need| gate.supply_record(need, &found, now))
    }
}

impl GuestPendingBody for Waiting<BodyNeed> {
    fn limit(&self) -> u64 {
        limit(self.need.limit())
    }

    fn supply(pending: wit::PendingBody, body: Option<Vec<u8>>, now: types::UnixTime) -> wit::Step {
        let now = UnixTime::from_secs(now);
        pending.into_inner::<Self>().go_on(|gate, need| gate.supply_body(need, body.as_deref(), now))
    }
}

impl GuestPendingCall for Waiting<CallNeed> {
    fn call(&self) -> types::Call {
        self.need.call().into()
    }

    fn supply(pending: wit::PendingCall, reply: Option<types::Reply>, now: types::UnixTime) -> wit::Step {
        let now = UnixTime::from_secs(now);
        pending
            .into_inner::<Self>()
            .go_on(|gate, need| with_reply(reply.as_ref(), |reply| gate.supply_reply(need, reply, now)))
    }
}

impl GuestPendingWait for Waiting<WaitNeed> {
    fn pause_milliseconds(&self) -> u64 {
        WAIT_MILLIS
    }

    fn again(pending: wit::PendingWait, now: types::UnixTime) -> wit::Step {
        pending.into_inner::<Self>().go_on(|gate, need| gate.again(need, UnixTime::from_secs(now)))
    }

    fn give_up(pending: wit::PendingWait, now: types::UnixTime) -> wit::Step {
        pending.into_inner::<Self>().go_on(|gate, need| gate.give_up(need, UnixTime::from_secs(now)))
    }
}

impl GuestRefresh for Fetch {
    fn call(&self) -> types::Call {
        self.refresh.call().into()
    }

    fn supply(
        fetch: wit::Refresh,
        reply: Option<types::Reply>,
        now: types::UnixTime,
    ) -> Option<wit::Refresh> {
        let (Self { refresh: sent, policy }, now) = (fetch.into_inner(), UnixTime::from_secs(now));
        let next = with_reply(reply.as_ref(), |reply| policy.with(|gate| gate.refreshed(&sent, reply, now)));
        refresh(&policy, next)
    }
}

impl Course {
    /// How far the decision got.
    pub(crate) fn step(self, step: Step) -> wit::Step {
        let need = match step {
            Step::Verdict(verdict) => return wit::Step::Verdict(self.line.verdict(verdict)),
            Step::Need(need) => need,
        };
        wit::Step::Need(match need {
            Need::ApiKeyRecord(need) => wit::Need::ApiKeyRecord(wit::PendingRecord::new(self.waiting(need))),
            Need::Body(need) => wit::Need::Body(wit::PendingBody::new(self.waiting(need))),
            Need::Call(need) => wit::Need::Call(wit::PendingCall::new(self.waiting(need))),
            Need::Wait(need) => wit::Need::Wait(wit::PendingWait::new(self.waiting(need))),
            // No document loads here that looks revocations up.
            Need::Revocations(need) => return self.waiting(need).go_on(LiveGate::without_revocations),
        })
    }

    fn waiting<N>(self, need: N) -> Waiting<N> {
        Waiting { need, course: self }
    }
}

impl Line {
    pub(crate) fn of(head: &types::RequestHead) -> Self {
        let method = core::str::from_utf8(&head.method).unwrap_or_default();
        Self { method: method.to_string(), request_id: head.request_id.clone() }
    }

    pub(crate) fn verdict(&self, verdict: Verdict) -> types::Verdict {
        let log_line = verdict.log_line(&self.method, &self.request_id);
        convert::verdict(verdict, log_line)
    }
}
