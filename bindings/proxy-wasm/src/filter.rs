//! The filter: one request, from its headers, and its body if the policy compares members of it, to a changed request or
//! an answer.

use core::time::Duration;
use std::rc::Rc;

use portcullis::{Answer, Decision, Forward, Gate, Need, Reason, Record, Step, Supply, UnixTime, Verdict};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, Status};

use crate::host;
use crate::request::Request;
use crate::root::Plugin;

/// The context of one request.
#[derive(Debug)]
pub(crate) struct Filter {
    /// `None` if no configuration has loaded: every request is refused then.
    plugin: Option<Rc<Plugin>>,
    stage: Stage,
    /// Headers to set on the response.
    response_headers: Vec<(String, String)>,
}

/// How far a request has come.
#[derive(Debug)]
enum Stage {
    /// Nothing of it may pass: it has been refused, or not been looked at yet.
    Held,
    /// Envoy holds it back until as much of its body is there as the decision takes.
    AwaitsBody(Awaited),
    /// The rest of it passes.
    LetIn,
}

/// A body that is on its way.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    /// The greatest length that is of use, in bytes.
    limit: usize,
    /// How much of it Envoy has; `None` before the first piece.
    length: Option<usize>,
    /// The time that went into the decision so far, without the waiting.
    spent: Duration,
}

impl Filter {
    /// A filter that decides by `plugin`.
    pub(crate) fn new(plugin: Option<Rc<Plugin>>) -> Self {
        Self { plugin, stage: Stage::Held, response_headers: Vec::new() }
    }

    /// What becomes of the request now that this much of its body is there, and perhaps all of it.
    fn body(&mut self, length: Option<usize>, complete: bool) -> Result<Action, Status> {
        let awaited = match self.stage {
            Stage::AwaitsBody(awaited) => Awaited { length: length.or(awaited.length), ..awaited },
            Stage::LetIn => return Ok(Action::Continue),
            Stage::Held => return Ok(Action::Pause),
        };
        let length = awaited.length.unwrap_or_default();
        if complete || length > awaited.limit {
            let body = host::request_body(length.min(awaited.limit.saturating_add(1)))?;
            self.handle(Some(&body), awaited.spent)
        } else {
            self.stage = Stage::AwaitsBody(awaited);
            Ok(Action::Pause)
        }
    }

    /// Decides about the request, with its body if that is there, and carries the decision out.
    fn handle(&mut self, body: Option<&[u8]>, spent: Duration) -> Result<Action, Status> {
        let started = host::now()?;
        let now = UnixTime::from_secs(started.as_secs());
        let pairs = host::request_headers()?;
        let request = Request::new(&pairs);
        let mut verdict = match self.decide(&request, now, body) {
            Ok(verdict) => verdict,
            Err(limit) => {
                let spent = spent.saturating_add(host::now()?.saturating_sub(started));
                self.stage = Stage::AwaitsBody(Awaited { limit, length: None, spent });
                return Ok(Action::Pause);
            }
        };
        if let Decision::Allow(forward) = &verdict.decision
            && change(&request, forward).is_err()
        {
            verdict = refused(Reason::Internal, Gate::internal_error(request.request_id, now));
        }
        self.note(&request, &verdict, started.saturating_sub(spent))?;
        match verdict.decision {
            Decision::Allow(forward) => {
                self.response_headers = forward.response_headers;
                self.stage = Stage::LetIn;
                Ok(Action::Continue)
            }
            Decision::Deny(answer) => {
                self.stage = Stage::Held;
                host::respond(&answer)?;
                Ok(Action::Pause)
            }
        }
    }

    /// The verdict, or how much of the body it takes, if that is needed and not there yet.
    fn decide(&self, request: &Request<'_>, now: UnixTime, body: Option<&[u8]>) -> Result<Verdict, usize> {
        let Some(plugin) = &self.plugin else {
            return Ok(refused(Reason::ConfigInvalid, Gate::config_invalid(request.request_id, now)));
        };
        let head = request.head();
        let mut supplies = Vec::new();
        loop {
            let need = match plugin.gate.resume(&head, now, &supplies) {
                Step::Verdict(verdict) => return Ok(verdict),
                Step::Need(need) => need,
            };
            supplies.push(match need {
                // All records of this host stand in its configuration: there is no store to ask.
                Need::ApiKeyRecord { .. } => Supply::Unavailable,
                Need::Body { limit } => Supply::Body(body.ok_or(limit)?),
            });
        }
    }

    /// Writes the decision down: log line, metrics, and what an access log may want.
    fn note(&self, request: &Request<'_>, verdict: &Verdict, started: Duration) -> Result<(), Status> {
        let Record { reason, permission, principal, .. } = &verdict.record;
        let method = core::str::from_utf8(request.method).unwrap_or_default();
        host::log(LogLevel::Info, &verdict.log_line(method, request.request_id));
        for (key, value) in [
            ("portcullis.reason", reason.map(Reason::code)),
            ("portcullis.permission", permission.as_deref()),
            ("portcullis.subject", principal.as_ref().map(|principal| principal.subject.as_str())),
        ] {
            if let Some(value) = value {
                host::set_filter_state(key, value)?;
            }
        }
        if let Some(plugin) = &self.plugin {
            plugin.metrics.count(*reason);
            let took = host::now()?.saturating_sub(started);
            plugin.metrics.took(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// The outcome; where the host failed, an answer in its place.
    fn or_refuse(&mut self, outcome: Result<Action, Status>) -> Action {
        outcome.unwrap_or_else(|_| {
            // Whether or not this reaches the caller, the request goes no further.
            self.stage = Stage::Held;
            let _ = host::respond(&Gate::internal_error("", UnixTime::from_secs(0)));
            Action::Pause
        })
    }
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
/// everything that is held; so nothing but [`Stage::LetIn`] may lead to it.
impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, complete: bool) -> Action {
        let outcome = self.handle(complete.then_some(&[]), Duration::ZERO);
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
        let mut headers = self.response_headers.iter();
        let outcome = headers.try_for_each(|(name, value)| host::set_response_header(name, value));
        self.or_refuse(outcome.map(|()| Action::Continue))
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

/// A refusal that is not the outcome of an evaluation.
fn refused(reason: Reason, answer: Answer) -> Verdict {
    let record = Record { reason: Some(reason), ..Record::default() };
    Verdict { decision: Decision::Deny(answer), record }
}
