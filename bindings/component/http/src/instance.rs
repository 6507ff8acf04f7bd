//! What an instance keeps from one request to the next: the gate, and what it has learned.
//!
//! An instance of WASI 0.2 serves one request at a time, so that nobody else decides anything while one is decided.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use portcullis::api_key::RecordLookup;
use portcullis::{BodyNeed, Gate, Need, Reply, Step, UnixTime, Verdict};
use portcullis_component_common::{Answer, Head, Policy};

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::random::random;
use crate::call::send;
use crate::environment::{complain, variables};

/// All of it.
#[derive(Debug)]
pub(crate) struct Instance {
    /// What the decisions are made by, if there is a usable configuration.
    policy: Option<Policy>,
    /// How many requests it has been given.
    requests: AtomicUsize,
}

static INSTANCE: OnceBox<Instance> = OnceBox::new();

impl Instance {
    /// This one. What is wrong with the configuration goes to standard error when it is made.
    pub(crate) fn get() -> &'static Self {
        INSTANCE.get_or_init(|| {
            let loaded = variables().load();
            let loaded = loaded.map_err(|problem| complain(&format!("no request is allowed: {problem}")));
            let policy = loaded.ok().map(|loaded| Policy::new(loaded, random::get_random_u64()));
            Box::new(Self { policy, requests: AtomicUsize::new(0) })
        })
    }

    /// The gate; none if there is no usable configuration.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.policy.as_ref().map(|policy| &policy.gate)
    }

    /// Counts a request. What is no error and still worth knowing of the configuration is said at the second: a host that
    /// makes an instance for every request would hear it with each.
    pub(crate) fn note_request(&self) {
        if self.requests.fetch_add(1, Ordering::Relaxed) != 1 {
            return;
        }
        let Some(policy) = &self.policy else { return };
        complain(&format!("policy {} is loaded", policy.gate.version()));
        for diagnostic in &policy.diagnostics {
            complain(&diagnostic.to_string());
        }
    }

    /// The verdict about `head` or, as the error, the need for the body. None if there is no gate.
    pub(crate) fn decide(&self, head: &Head) -> Option<Result<Verdict, BodyNeed>> {
        let policy = self.policy.as_ref()?;
        let step = policy.with(|gate| head.begin(gate, now()));
        Some(go_on(policy, step))
    }

    /// The verdict of a decision that takes the body: all of it or one byte more than its limit; none if it cannot be had.
    pub(crate) fn decide_with(&self, need: BodyNeed, body: Option<&[u8]>) -> Verdict {
        let Some(policy) = &self.policy else { return need.unavailable(now()) };
        let step = policy.with(|gate| gate.supply_body(need, body, now()));
        // A body is asked for once.
        go_on(policy, step).unwrap_or_else(|need| need.unavailable(now()))
    }

    /// Fetches what is due. Not after the first request: a host that makes an instance for every request would fetch with
    /// each, for nobody.
    pub(crate) fn refresh(&self) {
        let Some(policy) = &self.policy else { return };
        if self.requests.load(Ordering::Relaxed) > 1 {
            refresh(policy);
        }
        // Which sources of keys have begun to fail, and which have recovered.
        policy.notices(now()).iter().for_each(|line| complain(line));
    }
}

/// Goes on until there is a verdict or, as the error, the need for the body.
fn go_on(policy: &Policy, mut step: Step) -> Result<Verdict, BodyNeed> {
    loop {
        step = match step {
            Step::Verdict(verdict) => return Ok(verdict),
            Step::Need(Need::Body(need)) => return Err(need),
            // There is no store to ask: records stand in the configuration here.
            Step::Need(Need::ApiKeyRecord(need)) => {
                policy.with(|gate| gate.supply_record(need, &RecordLookup::Unavailable, now()))
            }
            Step::Need(Need::Revocations(need)) => policy.with(|gate| gate.without_revocations(need)),
            Step::Need(Need::Call(need)) => {
                let answer = send(need.call());
                Answer::read(answer.as_ref(), |reply| {
                    policy.with(|gate| gate.supply_reply(need, reply, now()))
                })
            }
            // Nobody else is under way whom it could wait for.
            Step::Need(Need::Wait(need)) => policy.with(|gate| gate.give_up(need, now())),
        };
    }
}

/// Fetches what is due.
fn refresh(policy: &Policy) {
    while let Some(mut refresh) = policy.with(|gate| gate.due(now())) {
        loop {
            let answer = send(refresh.call());
            let take = |reply: Option<&Reply<'_>>| policy.with(|gate| gate.refreshed(&refresh, reply, now()));
            match Answer::read(answer.as_ref(), take) {
                Some(next) => refresh = next,
                None => break,
            }
        }
    }
}

/// The time.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(wall_clock::now().seconds)
}
