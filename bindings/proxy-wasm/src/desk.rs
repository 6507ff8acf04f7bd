//! What requests wait for: calls that are to be sent, calls that are under way, and what another request finds out.
//!
//! Everything is sent and answered in the root context, so that a client that leaves takes no answer along that others
//! wait for.

use core::cell::RefCell;
use core::mem;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use portcullis::limits::WAIT_MILLIS;
use portcullis::{Call, CallNeed, Need, Refresh, Reply, Step, WaitNeed};

use crate::host::{self, Answer};
use crate::plugin::Plugin;
use crate::stream::{Next, Stream, time};

/// Most calls that one worker has under way. Envoy bounds those to one cluster as well (`circuit_breakers`, 1,024).
const CALLS: usize = 4096;

/// Most requests that are looked after in one go. Envoy lets go of them one inside of the other, each on the stack of the one
/// before.
const AT_ONCE: usize = 16;

/// How soon a call is sent that a request needs.
const SOON: Duration = Duration::from_millis(1);
/// How often it is looked whether what requests wait for has been found out.
const LOOK: Duration = Duration::from_millis(WAIT_MILLIS);
/// By how much a tick may come too early, or too late for the round before.
const EARLY: Duration = Duration::from_millis(10);
/// How often it is looked whether keys are due.
const REFRESH: Duration = Duration::from_secs(1);
/// No tick at all.
const NEVER: Duration = Duration::ZERO;

/// A request that others may look at, too.
pub(crate) type SharedStream = Rc<RefCell<Stream>>;

/// The plugin, and what its requests wait for.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) plugin: Plugin,
    /// The number of the root context.
    root: u32,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    to_send: VecDeque<Errand>,
    under_way: BTreeMap<u32, Errand>,
    /// In the order in which they look again.
    waiting: VecDeque<Waiting>,
    /// How often the host ticks.
    tick: Duration,
}

/// A call, and who needs the answer.
#[derive(Debug)]
enum Errand {
    Decision(SharedStream, CallNeed),
    Refresh(Refresh),
}

/// A request that waits for what another finds out.
#[derive(Debug)]
struct Waiting {
    stream: SharedStream,
    need: WaitNeed,
    /// When it looks again.
    at: Duration,
}

impl Waiting {
    fn is_due(&self, now: Duration) -> bool {
        let left = self.at.saturating_sub(now);
        // It is never longer, unless the clock was set back.
        left <= EARLY || left > LOOK
    }
}

impl Errand {
    fn call(&self) -> &Call {
        match self {
            Self::Decision(_, need) => need.call(),
            Self::Refresh(refresh) => refresh.call(),
        }
    }
}

impl Desk {
    /// Of the root context `root`, at which nobody waits.
    pub(crate) fn new(plugin: Plugin, root: u32) -> Self {
        let desk = Self { plugin, root, state: RefCell::default() };
        desk.tick_as_needed();
        desk
    }

    /// Takes a request that waits for the answer to a call.
    pub(crate) fn call(&self, stream: SharedStream, need: CallNeed) {
        self.state.borrow_mut().to_send.push_back(Errand::Decision(stream, need));
        self.tick_within(SOON);
    }

    /// Takes a request that waits for what another finds out.
    pub(crate) fn wait(&self, stream: SharedStream, need: WaitNeed) {
        // Where there is no clock, at once.
        let at = host::now().map_or(Duration::ZERO, |now| now.saturating_add(LOOK));
        self.state.borrow_mut().waiting.push_back(Waiting { stream, need, at });
        self.tick_within(LOOK);
    }

    /// Forgets a request that has gone. The call that it waited for goes on: others may wait for the answer.
    pub(crate) fn forget(&self, stream: &SharedStream) {
        self.state.borrow_mut().waiting.retain(|waiting| !Rc::ptr_eq(&waiting.stream, stream));
    }

    /// Refuses every request that waits: nobody will look after them any longer.
    pub(crate) fn close(&self) {
        let (to_send, under_way, waiting) = {
            let mut state = self.state.borrow_mut();
            (mem::take(&mut state.to_send), mem::take(&mut state.under_way), mem::take(&mut state.waiting))
        };
        let errands = to_send.into_iter().chain(under_way.into_values());
        let called = errands.filter_map(|errand| match errand {
            Errand::Decision(stream, _) => Some(stream),
            Errand::Refresh(_) => None,
        });
        for stream in called.chain(waiting.into_iter().map(|waiting| waiting.stream)) {
            let mut stream = stream.borrow_mut();
            if !stream.is_gone() && host::act_for(stream.id).is_ok() {
                stream.refuse();
            }
        }
        // It exists: this is called in it.
        let _ = host::act_for(self.root);
    }

    /// Does what is due.
    pub(crate) fn tick(&self) {
        if let Ok(now) = host::now() {
            self.refresh(now);
            self.send_some();
            self.look_again(now);
            self.plugin.show_sources(time(now));
        }
        self.tick_as_needed();
    }

    /// Takes what came back for the call `token`.
    pub(crate) fn answered(&self, token: u32, headers: usize, body: usize) {
        let errand = self.state.borrow_mut().under_way.remove(&token);
        // Unknown calls are those of an earlier configuration.
        let Some(errand) = errand else { return };
        self.supply(errand, host::answer(headers, body));
        self.send_some();
        self.tick_as_needed();
    }

    /// Sends calls that are to be sent, those besides that follow from one that cannot be.
    fn send_some(&self) {
        for _ in 0..AT_ONCE {
            let errand = self.state.borrow_mut().to_send.pop_front();
            let Some(errand) = errand else { return };
            match self.send(errand.call()) {
                Some(token) => {
                    self.state.borrow_mut().under_way.insert(token, errand);
                }
                None => self.supply(errand, None),
            }
        }
    }

    /// Sends a call; the number under which the answer comes, if it could be sent.
    fn send(&self, call: &Call) -> Option<u32> {
        if self.state.borrow().under_way.len() >= CALLS {
            return None;
        }
        let address = self.plugin.clusters.address(call.target())?;
        host::act_for(self.root).ok()?;
        let sent = host::send(call, &address);
        if sent.is_err() {
            self.plugin.miss(&address.cluster);
        }
        sent.ok()
    }

    /// Gives an answer, or that there is none, to whoever needs it.
    fn supply(&self, errand: Errand, answer: Option<Answer>) {
        self.plugin.metrics.called(answer.is_some());
        // A clock that cannot be read is refused by the core.
        let now = time(host::now().unwrap_or_default());
        let headers: Vec<_> = answer.iter().flat_map(Answer::headers).collect();
        let reply = answer.as_ref().map(|answer| Reply {
            status: answer.status,
            headers: &headers,
            body: &answer.body,
        });
        match errand {
            Errand::Decision(stream, need) => {
                let step = self.plugin.gate.borrow_mut().supply_reply(need, reply.as_ref(), now);
                self.go_on(stream, step);
            }
            Errand::Refresh(refresh) => {
                let next = self.plugin.gate.borrow_mut().refreshed(&refresh, reply.as_ref(), now);
                self.state.borrow_mut().to_send.extend(next.map(Errand::Refresh));
            }
        }
    }

    /// Lets those look again that have waited long enough.
    fn look_again(&self, now: Duration) {
        for _ in 0..AT_ONCE {
            let Some(Waiting { stream, need, .. }) = self.next_due(now) else { return };
            let step = self.plugin.gate.borrow_mut().again(need, time(now));
            self.go_on(stream, step);
        }
    }

    fn next_due(&self, now: Duration) -> Option<Waiting> {
        let waiting = &mut self.state.borrow_mut().waiting;
        if waiting.front()?.is_due(now) { waiting.pop_front() } else { None }
    }

    /// Fetches what is due.
    fn refresh(&self, now: Duration) {
        loop {
            let due = self.plugin.gate.borrow_mut().due(time(now));
            let Some(refresh) = due else { return };
            self.state.borrow_mut().to_send.push_back(Errand::Refresh(refresh));
        }
    }

    /// Goes on with a request that was held back.
    fn go_on(&self, stream: SharedStream, step: Step) {
        let id = stream.borrow().id;
        if stream.borrow().is_gone() || host::act_for(id).is_err() {
            // What it would have asked, others may wait for by now.
            if let Step::Need(Need::Call(need)) = step {
                self.state.borrow_mut().to_send.push_back(Errand::Decision(stream, need));
            }
            return;
        }
        let next = {
            let mut stream = stream.borrow_mut();
            let outcome = stream.go_on(&self.plugin, step);
            match outcome {
                Ok(Next::Pass) => host::resume().map(|()| Next::Hold),
                outcome => outcome,
            }
            .unwrap_or_else(|_| stream.refuse())
        };
        match next {
            Next::Hold | Next::Pass => {}
            Next::Call(need) => self.state.borrow_mut().to_send.push_back(Errand::Decision(stream, need)),
            Next::Wait(need) => self.wait(stream, need),
        }
    }

    /// Lets the host tick as often as there is something to do.
    fn tick_as_needed(&self) {
        let now = host::now().unwrap_or_default();
        let state = self.state.borrow();
        let period = match state.waiting.front() {
            _ if !state.to_send.is_empty() => SOON,
            Some(next) if next.is_due(now) => SOON,
            Some(_) => LOOK,
            None if self.plugin.fetches => REFRESH,
            None => NEVER,
        };
        drop(state);
        self.set_tick(period);
    }

    /// Lets the host tick at least every `period`.
    fn tick_within(&self, period: Duration) {
        let current = self.state.borrow().tick;
        if current == NEVER || period < current {
            self.set_tick(period);
        }
    }

    fn set_tick(&self, period: Duration) {
        let before = mem::replace(&mut self.state.borrow_mut().tick, period);
        if before != period && host::set_tick(period).is_err() {
            self.state.borrow_mut().tick = NEVER;
        }
    }
}
