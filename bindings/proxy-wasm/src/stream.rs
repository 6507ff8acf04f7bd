//! One request, from its headers, and its body if the policy compares members of it, to a changed request or a response.

use core::mem;
use core::time::Duration;

use portcullis::api_key::RecordLookup;
use portcullis::{BodyNeed, CallNeed, Decision, Forward, Need, Reason, Step, UnixTime, Verdict, WaitNeed};
use proxy_wasm::types::{LogLevel, Status};

use crate::plugin::Plugin;
use crate::request::Request;
use crate::{client, filter_state, host};

/// What is known of one request. All of its methods call the host for it: it must be the one that calls are about.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The number of its context.
    pub(crate) id: u32,
    stage: Stage,
    /// The address of the client, once somebody has asked for it; empty if there is none.
    client: Option<String>,
    /// What Envoy holds of the body, so far as it has said.
    held: Held,
    /// The time that went into the decision so far, without the waiting.
    spent: Duration,
    /// What becomes of the headers of the response.
    response: ResponseChanges,
}

/// How far a request has come.
#[derive(Debug)]
enum Stage {
    /// Nothing of it may pass: it has been refused, or not been looked at yet, or waits for an answer.
    Held,
    /// Envoy holds it back until as much of its body is there as the decision takes.
    AwaitsBody(BodyNeed),
    /// The rest of it passes.
    Allowed,
    /// It is no more.
    Gone,
}

/// How much of a body Envoy holds.
#[derive(Debug, Default)]
struct Held {
    /// `None` before the first piece.
    length: Option<usize>,
    /// Whether that is all of it.
    is_all: bool,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is held back, or has been answered.
    Hold,
    /// It goes on.
    Pass,
    /// It is held back until this call is answered.
    Call(CallNeed),
    /// It is held back until another decision has found out what it needs.
    Wait(WaitNeed),
}

/// What becomes of the headers of a response: some are removed, some are set, and some are added, in this order.
#[derive(Debug, Default)]
struct ResponseChanges {
    remove: &'static [&'static str],
    set: Vec<(String, String)>,
    append: Vec<(String, String)>,
}

impl Stream {
    /// The request of the context `id`, of which nothing is known yet.
    pub(crate) fn new(id: u32) -> Self {
        Self {
            id,
            stage: Stage::Held,
            client: None,
            held: Held::default(),
            spent: Duration::ZERO,
            response: ResponseChanges::default(),
        }
    }

    /// What becomes of the request by its headers; `complete` says that there is nothing after them. Without a plugin, no
    /// configuration has loaded, and every request is refused.
    pub(crate) fn headers(&mut self, plugin: Option<&Plugin>, complete: bool) -> Result<Next, Status> {
        let started = host::now()?;
        let now = time(started);
        self.held.is_all = complete;
        let pairs = host::request_headers()?;
        let mut request = Request::read(&pairs)?;
        if !complete {
            request.announce_body();
        }
        let Some(plugin) = plugin else {
            let verdict = Verdict::refused(Reason::ConfigInvalid, request.request_id, now);
            return self.carry_out(None, &request, verdict, started);
        };
        // Asking the host takes as long as finding the route.
        let client = if plugin.counts_clients { self.client() } else { "" };
        let step = plugin.gate.borrow_mut().begin(&request.head().with_client(client), now);
        self.proceed(plugin, &request, step, started)
    }

    /// What becomes of the request by what was found out while it was held back.
    pub(crate) fn go_on(&mut self, plugin: &Plugin, step: Step) -> Result<Next, Status> {
        let started = host::now()?;
        let pairs = host::request_headers()?;
        self.proceed(plugin, &Request::read(&pairs)?, step, started)
    }

    /// What becomes of the request now that this much of its body is there, and perhaps all of it.
    pub(crate) fn body(
        &mut self,
        plugin: Option<&Plugin>,
        length: Option<usize>,
        complete: bool,
    ) -> Result<Next, Status> {
        if let Stage::Allowed = self.stage {
            return Ok(Next::Pass);
        }
        self.held = Held { length: length.or(self.held.length), is_all: complete };
        // Held, until it is clear that it is not.
        match (mem::replace(&mut self.stage, Stage::Held), plugin) {
            (Stage::AwaitsBody(need), Some(plugin)) => {
                let started = host::now()?;
                let pairs = host::request_headers()?;
                self.proceed(plugin, &Request::read(&pairs)?, Step::Need(Need::Body(need)), started)
            }
            _ => Ok(Next::Hold),
        }
    }

    /// Makes the changes to the headers of the response.
    pub(crate) fn change_response(&self) -> Result<(), Status> {
        let ResponseChanges { remove, set, append } = &self.response;
        remove.iter().try_for_each(|name| host::remove_response_header(name))?;
        set.iter().try_for_each(|(name, value)| host::set_response_header(name, value))?;
        append.iter().try_for_each(|(name, value)| host::add_response_header(name, value))
    }

    /// Answers the request where the host has failed. Whether or not this reaches the caller, the request goes no further.
    pub(crate) fn refuse(&mut self) -> Next {
        self.stage = Stage::Held;
        let refused = Verdict::refused(Reason::Internal, "", UnixTime::from_secs(0));
        if let Decision::Deny(response) = refused.decision {
            let _ = host::respond(&response);
        }
        Next::Hold
    }

    /// Notes that there is no request any longer; whether Envoy has shown nothing of a body that was waited for.
    pub(crate) fn leave(&mut self) -> bool {
        let stage = mem::replace(&mut self.stage, Stage::Gone);
        matches!(stage, Stage::AwaitsBody(_)) && self.held.length.is_none()
    }

    /// Whether there is no request any longer.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// Goes on from `step`; this stretch of the decision began at `started`.
    fn proceed(
        &mut self,
        plugin: &Plugin,
        request: &Request<'_>,
        mut step: Step,
        started: Duration,
    ) -> Result<Next, Status> {
        loop {
            match step {
                Step::Verdict(verdict) => return self.carry_out(Some(plugin), request, verdict, started),
                // All records of this host stand in its configuration: there is no store to ask.
                Step::Need(Need::ApiKeyRecord(need)) => {
                    let mut gate = plugin.gate.borrow_mut();
                    step = gate.supply_record(need, &RecordLookup::Unavailable, time(started));
                }
                Step::Need(Need::Revocations(need)) => {
                    step = plugin.gate.borrow_mut().without_revocations(need);
                }
                Step::Need(Need::Body(need)) => match self.body_within(need.limit())? {
                    Some(body) => {
                        step = plugin.gate.borrow_mut().supply_body(need, Some(&body), time(started));
                    }
                    None => {
                        self.pause(started)?;
                        self.stage = Stage::AwaitsBody(need);
                        return Ok(Next::Hold);
                    }
                },
                Step::Need(Need::Call(need)) => {
                    self.pause(started)?;
                    return Ok(Next::Call(need));
                }
                Step::Need(Need::Wait(need)) => {
                    self.pause(started)?;
                    return Ok(Next::Wait(need));
                }
            }
        }
    }

    /// The body, or more of it than is of use; `None` as long as there is neither.
    fn body_within(&self, limit: usize) -> Result<Option<Vec<u8>>, Status> {
        let length = self.held.length.unwrap_or_default();
        match self.held.length {
            _ if !self.held.is_all && length <= limit => Ok(None),
            Some(length) => host::request_body(length.min(limit.saturating_add(1))).map(Some),
            None => Ok(Some(Vec::new())),
        }
    }

    /// The decision waits from here on.
    fn pause(&mut self, started: Duration) -> Result<(), Status> {
        self.spent = self.spent.saturating_add(host::now()?.saturating_sub(started));
        Ok(())
    }

    /// Does what the verdict says.
    fn carry_out(
        &mut self,
        plugin: Option<&Plugin>,
        request: &Request<'_>,
        mut verdict: Verdict,
        started: Duration,
    ) -> Result<Next, Status> {
        if let Decision::Allow(forward) = &verdict.decision
            && change(request, forward).is_err()
        {
            verdict = Verdict::refused(Reason::Internal, request.request_id, time(started));
        }
        self.note(plugin, request, &verdict, started)?;
        match verdict.decision {
            Decision::Allow(forward) => {
                self.response = ResponseChanges {
                    remove: forward.remove_response_headers,
                    set: forward.response_headers,
                    append: forward.append_response_headers,
                };
                self.stage = Stage::Allowed;
                Ok(Next::Pass)
            }
            Decision::Deny(response) | Decision::Answer(response) => {
                self.stage = Stage::Held;
                host::respond(&response)?;
                Ok(Next::Hold)
            }
        }
    }

    /// The address of the client; empty if there is none.
    fn client(&mut self) -> &str {
        self.client.get_or_insert_with(|| client::address(&host::client()))
    }

    /// Writes the decision down: log line, metrics, and what an access log may want.
    fn note(
        &mut self,
        plugin: Option<&Plugin>,
        request: &Request<'_>,
        verdict: &Verdict,
        started: Duration,
    ) -> Result<(), Status> {
        let logs = host::logs(LogLevel::Info);
        // Without a plugin nobody knows who wants it.
        let keeps = plugin.is_none_or(|plugin| plugin.keeps_decisions);
        if logs || keeps {
            let method = core::str::from_utf8(request.method).unwrap_or_default();
            let client = Some(self.client()).filter(|client| !client.is_empty());
            let line = verdict.log_line_with_client(method, request.request_id, client);
            // Envoy writes a prefix of its own before what a filter logs; its access log takes the line as it is.
            if logs {
                host::log(LogLevel::Info, &line);
            }
            if keeps {
                host::set_filter_state(filter_state::DECISION, &line)?;
            }
        }
        if let Some(plugin) = plugin {
            plugin.metrics.count(verdict);
            plugin.metrics.remembered(plugin.gate.borrow().memory());
            let took = host::now()?.saturating_sub(started).saturating_add(self.spent);
            plugin.metrics.took(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(())
    }
}

/// Whole seconds.
pub(crate) fn time(since_epoch: Duration) -> UnixTime {
    UnixTime::from_secs(since_epoch.as_secs())
}

/// Changes the request into the one to hand on, and nothing that is the same already.
///
/// SECURITY: Envoy chose a route before, by the path as it came and by headers that the caller may have forged. It
/// chooses again after each of these calls, because that is what ABI 0.2.1 promises; modules of a later ABI must ask for
/// it (`clear_route_cache`).
fn change(request: &Request<'_>, forward: &Forward) -> Result<(), Status> {
    let Forward { target, remove_headers, set_headers, .. } = forward;
    if target.as_bytes() != request.target {
        host::set_header(":path", target)?;
    }
    for name in remove_headers {
        host::remove_header(name)?;
    }
    for (name, value) in set_headers {
        host::set_header(name, value)?;
    }
    Ok(())
}
