//! The filter: one request, from its headers to a changed request or an answer.

use core::time::Duration;
use std::rc::Rc;

use portcullis::{Answer, Decision, Forward, Gate, Reason, Record, Step, Supply, UnixTime, Verdict};
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
}

impl Filter {
    /// A filter that decides by `plugin`.
    pub(crate) fn new(plugin: Option<Rc<Plugin>>) -> Self {
        Self { plugin }
    }

    /// Decides about the request and carries the decision out.
    fn handle(&self) -> Result<Action, Status> {
        let started = host::now()?;
        let now = UnixTime::from_secs(started.as_secs());
        let pairs = host::request_headers()?;
        let request = Request::new(&pairs);
        let mut verdict = self.decide(&request, now);
        if let Decision::Allow(forward) = &verdict.decision
            && change(&request, forward).is_err()
        {
            verdict = refused(Reason::Internal, Gate::internal_error(request.request_id, now));
        }
        self.note(&request, &verdict, started)?;
        match &verdict.decision {
            Decision::Allow(_) => Ok(Action::Continue),
            Decision::Deny(answer) => {
                host::respond(answer)?;
                Ok(Action::Pause)
            }
        }
    }

    fn decide(&self, request: &Request<'_>, now: UnixTime) -> Verdict {
        let Some(plugin) = &self.plugin else {
            return refused(Reason::ConfigInvalid, Gate::config_invalid(request.request_id, now));
        };
        let head = request.head();
        match plugin.gate.begin(&head, now) {
            Step::Verdict(verdict) => verdict,
            // All records of this host stand in its configuration: there is no store to ask.
            Step::Need(_) => plugin.gate.resume(&head, now, Supply::Unavailable),
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
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.handle().unwrap_or_else(|_| {
            // Whether or not this reaches the caller, the request goes no further.
            let _ = host::respond(&Gate::internal_error("", UnixTime::from_secs(0)));
            Action::Pause
        })
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
