//! What an instance keeps from one request to the next: the gate, and what it has learned.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use portcullis::api_key::RecordLookup;
use portcullis::limits::WAIT_MILLIS;
use portcullis::{BodyNeed, Need, Step, UnixTime, Verdict};
use portcullis_component_common::{Answer, Head, Policy};

use crate::bindings::wasi::clocks::{monotonic_clock, system_clock};
use crate::bindings::wasi::random::random;
use crate::call::send;
use crate::environment::variables;
use crate::log::complain;

const MILLI_NANOS: u64 = 1_000_000;

/// All that its requests share: made for the first of them, and of no request.
#[derive(Debug)]
pub(crate) struct Instance {
    /// What the decisions are made by; or what is wrong with the configuration.
    policy: Result<Policy, String>,
    /// How many requests it has been given.
    requests: AtomicUsize,
}

static INSTANCE: OnceBox<Instance> = OnceBox::new();

impl Instance {
    /// This one.
    pub(crate) fn get() -> &'static Self {
        INSTANCE.get_or_init(|| {
            let loaded = variables().load();
            let policy = loaded.map(|loaded| Policy::new(loaded, random::get_random_u64()));
            Box::new(Self { policy, requests: AtomicUsize::new(0) })
        })
    }

    /// What decides; none if there is no usable configuration.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref().ok()
    }

    /// Counts a request. What is wrong with the configuration is said at the first; what is no error and still worth knowing
    /// at the second: a host that makes an instance for every request would hear it with each.
    pub(crate) async fn note_request(&self) {
        match (&self.policy, self.requests.fetch_add(1, Ordering::Relaxed)) {
            (Err(problem), 0) => complain(&format!("no request is allowed: {problem}")).await,
            (Ok(policy), 1) => {
                complain(&format!("policy {} is loaded", policy.gate.version())).await;
                for diagnostic in &policy.diagnostics {
                    complain(&diagnostic.to_string()).await;
                }
            }
            _ => {}
        }
    }

    /// Fetches what is due. Not after the first request: a host that makes an instance for every request would fetch with
    /// each, for nobody.
    pub(crate) async fn refresh(&self) {
        let Some(policy) = self.policy() else { return };
        if self.requests.load(Ordering::Relaxed) > 1 {
            refresh(policy).await;
        }
        // Which sources of keys have begun to fail, and which have recovered.
        for line in policy.notices(now()) {
            complain(&line).await;
        }
    }
}

/// The verdict about `head` or, as the error, the need for the body.
///
/// # Errors
///
/// [`BodyNeed`] if the decision takes the body.
pub(crate) async fn decide(policy: &Policy, head: &Head) -> Result<Verdict, BodyNeed> {
    let step = policy.with(|gate| head.begin(gate, now()));
    go_on(policy, step).await
}

/// The verdict of a decision that takes the body: all of it or one byte more than its limit; none if it broke off.
pub(crate) async fn decide_with(policy: &Policy, need: BodyNeed, body: Option<&[u8]>) -> Verdict {
    let step = policy.with(|gate| gate.supply_body(need, body, now()));
    // A body is asked for once.
    go_on(policy, step).await.unwrap_or_else(|need| need.unavailable(now()))
}

/// Goes on until there is a verdict or, as the error, the need for the body. Other requests are decided while this one waits:
/// the gate is never borrowed meanwhile.
async fn go_on(policy: &Policy, mut step: Step) -> Result<Verdict, BodyNeed> {
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
                let answer = send(need.call()).await;
                Answer::read(answer.as_ref(), |reply| {
                    policy.with(|gate| gate.supply_reply(need, reply, now()))
                })
            }
            Step::Need(Need::Wait(need)) => {
                monotonic_clock::wait_for(WAIT_MILLIS.saturating_mul(MILLI_NANOS)).await;
                policy.with(|gate| gate.again(need, now()))
            }
        };
    }
}

async fn refresh(policy: &Policy) {
    while let Some(mut refresh) = policy.with(|gate| gate.due(now())) {
        loop {
            let answer = send(refresh.call()).await;
            let next = Answer::read(answer.as_ref(), |reply| {
                policy.with(|gate| gate.refreshed(&refresh, reply, now()))
            });
            match next {
                Some(next) => refresh = next,
                None => break,
            }
        }
    }
}

/// The time. A clock before 1970 is one at 1970: no token is valid then.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(u64::try_from(system_clock::now().seconds).unwrap_or_default())
}
