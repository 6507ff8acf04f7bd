//! What an instance keeps from one request to the next: the gate, and what it has learned.
//!
//! An instance of WASI 0.2 serves one request at a time, so that nobody else decides anything while one is decided.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use atomic_refcell::AtomicRefCell;
use once_cell::race::OnceBox;
use portcullis::api_key::RecordLookup;
use portcullis::{BodyNeed, Call, Gate, LiveGate, Need, Reply, Step, UnixTime, Verdict};
use portcullis_component_common::{Answer, Head, Notices};
use portcullis_config::{Diagnostic, Loaded};

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::random::random;
use crate::environment::{complain, variables};

/// Sends a call of the gate's own; none if there is no whole answer in time.
pub type Sender = fn(&Call) -> Option<Answer>;

/// All of it.
#[derive(Debug)]
pub(crate) struct Instance {
    /// What the decisions are made by, if there is a usable configuration.
    policy: Option<Policy>,
    /// None for a component that sends no calls.
    sender: Option<Sender>,
    /// How many requests it has been given.
    requests: AtomicUsize,
}

#[derive(Debug)]
struct Policy {
    gate: Gate,
    diagnostics: Vec<Diagnostic>,
    /// Borrowed for as long as a step takes, and never while the host is called.
    live: AtomicRefCell<LiveGate>,
    notices: AtomicRefCell<Notices>,
}

static INSTANCE: OnceBox<Instance> = OnceBox::new();

impl Instance {
    /// This one, of a component that sends calls with `sender`, or sends none. What is wrong with the configuration goes to
    /// standard error when it is made.
    pub(crate) fn get(sender: Option<Sender>) -> &'static Self {
        INSTANCE.get_or_init(|| {
            let loaded = variables().sending_calls(sender.is_some()).load();
            let loaded = loaded.map_err(|problem| complain(&format!("no request is allowed: {problem}")));
            let policy = loaded.ok().map(Policy::new);
            Box::new(Self { policy, sender, requests: AtomicUsize::new(0) })
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
        let step = head.begin(&mut policy.live.borrow_mut(), now());
        Some(policy.go_on(step, self.sender))
    }

    /// The verdict of a decision that takes the body: all of it or one byte more than its limit; none if it cannot be had.
    pub(crate) fn decide_with(&self, need: BodyNeed, body: Option<&[u8]>) -> Verdict {
        let Some(policy) = &self.policy else { return need.unavailable(now()) };
        let step = policy.live.borrow_mut().supply_body(need, body, now());
        // A body is asked for once.
        policy.go_on(step, self.sender).unwrap_or_else(|need| need.unavailable(now()))
    }

    /// Fetches what is due. Not after the first request: a host that makes an instance for every request would fetch with
    /// each, for nobody.
    pub(crate) fn refresh(&self) {
        let (Some(policy), Some(send)) = (&self.policy, self.sender) else { return };
        if self.requests.load(Ordering::Relaxed) > 1 {
            policy.refresh(send);
        }
        policy.tell();
    }
}

impl Policy {
    fn new(loaded: Loaded) -> Self {
        let Loaded { gate, diagnostics } = loaded;
        let live = AtomicRefCell::new(LiveGate::new(gate.clone(), random::get_random_u64()));
        Self { gate, diagnostics, live, notices: AtomicRefCell::default() }
    }

    /// Goes on until there is a verdict or, as the error, the need for the body.
    fn go_on(&self, mut step: Step, sender: Option<Sender>) -> Result<Verdict, BodyNeed> {
        loop {
            step = match step {
                Step::Verdict(verdict) => return Ok(verdict),
                Step::Need(Need::Body(need)) => return Err(need),
                // There is no store to ask: records stand in the configuration here.
                Step::Need(Need::ApiKeyRecord(need)) => {
                    self.live.borrow_mut().supply_record(need, &RecordLookup::Unavailable, now())
                }
                Step::Need(Need::Call(need)) => {
                    let answer = sender.and_then(|send| send(need.call()));
                    Answer::read(answer.as_ref(), |reply| {
                        self.live.borrow_mut().supply_reply(need, reply, now())
                    })
                }
                // Nobody else is under way whom it could wait for.
                Step::Need(Need::Wait(need)) => self.live.borrow_mut().give_up(need, now()),
            };
        }
    }

    fn refresh(&self, send: Sender) {
        loop {
            let due = self.live.borrow_mut().due(now());
            let Some(mut refresh) = due else { return };
            loop {
                let answer = send(refresh.call());
                let take =
                    |reply: Option<&Reply<'_>>| self.live.borrow_mut().refreshed(&refresh, reply, now());
                match Answer::read(answer.as_ref(), take) {
                    Some(next) => refresh = next,
                    None => break,
                }
            }
        }
    }

    /// Says which sources of keys have begun to fail, and which have recovered.
    fn tell(&self) {
        let sources = self.live.borrow().sources(now());
        let lines = self.notices.borrow_mut().of(&sources);
        for line in lines {
            complain(&line);
        }
    }
}

/// The time.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(wall_clock::now().seconds)
}
