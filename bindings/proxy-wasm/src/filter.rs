//! The filter: one request, from its headers, and its body if the policy compares members of it, to a changed request or
//! a response.

use core::mem;
use core::time::Duration;
use std::rc::Rc;

use portcullis::api_key::RecordLookup;
use portcullis::{BodyNeed, Decision, Forward, Reason, UnixTime, Verdict};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, Status};

use crate::host;
use crate::plugin::Plugin;
use crate::request::Request;

/// The context of one request.
#[derive(Debug)]
pub(crate) struct Filter {
    /// `None` if no configuration has loaded: every request is refused then.
    plugin: Option<Rc<Plugin>>,
    stage: Stage,
    /// What becomes of the headers of the response.
    response: ResponseChanges,
}

/// What becomes of the headers of a response: some are removed, some are set, and some are added, in this order.
#[derive(Debug, Default)]
struct ResponseChanges {
    remove: &'static [&'static str],
    set: Vec<(String, String)>,
    append: Vec<(String, String)>,
}

/// How far a request has come.
#[derive(Debug)]
enum Stage {
    /// Nothing of it may pass: it has been refused, or not been looked at yet.
    Held,
    /// Envoy holds it back until as much of its body is there as the decision takes.
    AwaitsBody(Awaited),
    /// The rest of it passes.
    Allowed,
}

/// A decision that waits for a body which is on its way.
#[derive(Debug)]
struct Awaited {
    need: BodyNeed,
    /// How much of it Envoy has; `None` before the first piece.
    length: Option<usize>,
    /// The time that went into the decision so far, without the waiting.
    spent: Duration,
}

impl Filter {
    /// A filter that decides by `plugin`.
    pub(crate) fn new(plugin: Option<Rc<Plugin>>) -> Self {
        Self { plugin, stage: Stage::Held, response: ResponseChanges::default() }
    }

    /// What becomes of the request by its headers; `complete` says that there is nothing after them.
    fn headers(&mut self, complete: bool) -> Result<Action, Status> {
        let started = host::now()?;
        let now = time(started);
        let pairs = host::request_headers()?;
        let mut request = Request::new(&pairs);
        if !complete {
            request.announce_body();
        }
        let decided = match &self.plugin {
            // All records of this host stand in its configuration: there is no store to ask.
            Some(plugin) => {
                plugin.gate.begin(&request.head(), now).with_records(|_| (RecordLookup::Unavailable, now))
            }
            None => Ok(Verdict::refused(Reason::ConfigInvalid, request.request_id, now)),
        };
        let verdict = match decided {
            Ok(verdict) => verdict,
            Err(need) if complete => need.supply(&[], now),
            Err(need) => {
                let spent = host::now()?.saturating_sub(started);
                self.stage = Stage::AwaitsBody(Awaited { need, length: None, spent });
                return Ok(Action::Pause);
            }
        };
        self.carry_out(&request, verdict, started)
    }

    /// What becomes of the request now that this much of its body is there, and perhaps all of it.
    fn body(&mut self, length: Option<usize>, complete: bool) -> Result<Action, Status> {
        // Held, until it is clear that it is not.
        let mut awaited = match mem::replace(&mut self.stage, Stage::Held) {
            Stage::AwaitsBody(awaited) => awaited,
            Stage::Allowed => {
                self.stage = Stage::Allowed;
                return Ok(Action::Continue);
            }
            Stage::Held => return Ok(Action::Pause),
        };
        awaited.length = length.or(awaited.length);
        let (length, limit) = (awaited.length.unwrap_or_default(), awaited.need.limit());
        if !complete && length <= limit {
            self.stage = Stage::AwaitsBody(awaited);
            return Ok(Action::Pause);
        }
        let started = host::now()?;
        let body = host::request_body(length.min(limit.saturating_add(1)))?;
        let verdict = awaited.need.supply(&body, time(started));
        let pairs = host::request_headers()?;
        self.carry_out(&Request::new(&pairs), verdict, started.saturating_sub(awaited.spent))
    }

    /// Does what the verdict says; the decision began at `started`, as if nothing had been waited for.
    fn carry_out(
        &mut self,
        request: &Request<'_>,
        mut verdict: Verdict,
        started: Duration,
    ) -> Result<Action, Status> {
        if let Decision::Allow(forward) = &verdict.decision
            && change(request, forward).is_err()
        {
            verdict = Verdict::refused(Reason::Internal, request.request_id, time(started));
        }
        self.note(request, &verdict, started)?;
        match verdict.decision {
            Decision::Allow(forward) => {
                self.response = ResponseChanges {
                    remove: forward.remove_response_headers,
                    set: forward.response_headers,
                    append: forward.append_response_headers,
                };
                self.stage = Stage::Allowed;
                Ok(Action::Continue)
            }
            Decision::Deny(response) | Decision::Answer(response) => {
                self.stage = Stage::Held;
                host::respond(&response)?;
                Ok(Action::Pause)
            }
        }
    }

    /// Writes the decision down: log line, metrics, and what an access log may want.
    fn note(&self, request: &Request<'_>, verdict: &Verdict, started: Duration) -> Result<(), Status> {
        let method = core::str::from_utf8(request.method).unwrap_or_default();
        let line = verdict.log_line(method, request.request_id);
        // Envoy writes a prefix of its own before what a filter logs; its access log takes the line as it is.
        host::log(LogLevel::Info, &line);
        host::set_filter_state("portcullis.decision", &line)?;
        if let Some(plugin) = &self.plugin {
            plugin.metrics.count(verdict);
            let took = host::now()?.saturating_sub(started);
            plugin.metrics.took(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// The outcome; where the host failed, a response in its place.
    fn or_refuse(&mut self, outcome: Result<Action, Status>) -> Action {
        outcome.unwrap_or_else(|_| {
            // Whether or not this reaches the caller, the request goes no further.
            self.stage = Stage::Held;
            let refused = Verdict::refused(Reason::Internal, "", UnixTime::from_secs(0));
            if let Decision::Deny(response) = refused.decision {
                let _ = host::respond(&response);
            }
            Action::Pause
        })
    }
}

/// Whole seconds.
fn time(since_epoch: Duration) -> UnixTime {
    UnixTime::from_secs(since_epoch.as_secs())
}

impl Context for Filter {
    fn on_done(&mut self) -> bool {
        if let Stage::AwaitsBody(Awaited { length: None, .. }) = self.stage {
            host::log(
                LogLevel::Warn,
                "a request ended before anything came of the body that a binding compares: if this happens to every such request, set allow_on_headers_stop_iteration: true beside vm_config, without which Envoy shows no body",
            );
        }
        true
    }
}

/// SECURITY: `Pause` in a callback for the body keeps the headers back as well, and `Continue` in any of them lets go of
/// everything that is held; so nothing but [`Stage::Allowed`] may lead to it.
impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, complete: bool) -> Action {
        let outcome = self.headers(complete);
        self.or_refuse(outcome)
    }

    fn on_http_request_body(&mut self, length: usize, complete: bool) -> Action {
        let outcome = self.body(Some(length), complete);
        self.or_refuse(outcome)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        let outcome = self.body(None, true);
        self.or_refuse(outcome)
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let outcome = self.response.make();
        self.or_refuse(outcome.map(|()| Action::Continue))
    }
}

impl ResponseChanges {
    /// Makes them.
    fn make(&self) -> Result<(), Status> {
        self.remove.iter().try_for_each(|name| host::remove_response_header(name))?;
        self.set.iter().try_for_each(|(name, value)| host::set_response_header(name, value))?;
        self.append.iter().try_for_each(|(name, value)| host::add_response_header(name, value))
    }
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
