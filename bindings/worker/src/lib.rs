//! Portcullis as a Cloudflare Worker: what `handler.mjs` calls.
//!
//! The handler passes the head of a request in as strings and gets one string back, so that a decision is a single
//! synchronous call without a promise, a wrapper or a copy of the request; the module `frame` describes it.

mod environment;
mod frame;
mod supply;
mod target;

use portcullis::{Answer, Decision, HeaderPair, Need, Reason, Record, RequestHead, Step, UnixTime, Verdict};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{Array, Object};

use crate::environment::Environment;
use crate::supply::Supplies;

/// The gate of one isolate.
///
/// A class with a static factory, not a set of functions: an object remembers the instance of the module that it was
/// made in, and using it after that instance has trapped is an error instead of a decision from broken memory.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    /// `None` if there is no usable configuration: every request is refused then.
    ready: Option<Ready>,
}

/// What it takes to let a request through.
#[derive(Debug)]
struct Ready {
    gate: portcullis::Gate,
    origin: String,
}

/// One request as the handler describes it.
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<HeaderPair<'a>>,
    request_id: &'a str,
    now: UnixTime,
}

#[wasm_bindgen]
impl Gate {
    /// Compiles the configuration found in the Worker's environment. What is wrong with it goes to the log.
    ///
    /// `origin` is the address that `handler.mjs` found in `ORIGIN`, as the URL parser writes it, if it found one.
    pub fn create(environment: &Object, origin: Option<String>) -> Self {
        let environment = Environment::new(environment);
        let mut problems = Vec::new();
        if origin.is_none() {
            problems.push(
                "ORIGIN: must be the address of the origin, like https://origin.example, without path and query; set it under [vars]"
                    .to_string(),
            );
        }
        let loaded = environment.configuration().and_then(|document| {
            portcullis::Gate::load(document.as_bytes(), &environment).map_err(|errors| errors.to_string())
        });
        let gate = loaded.map_err(|problem| problems.push(problem)).ok();
        for problem in problems {
            worker::console_error!("portcullis: no request is let in: {problem}");
        }
        for notice in gate.iter().flat_map(portcullis::Gate::warnings) {
            worker::console_warn!("portcullis: {notice}");
        }
        Self { ready: gate.zip(origin).map(|(gate, origin)| Ready { gate, origin }) }
    }

    /// Decides about a request. `headers` is `name\0value\0…`, `now` is in milliseconds, as `Date.now()` gives it.
    pub fn decide(&self, method: &str, url: &str, headers: &str, request_id: &str, now: f64) -> String {
        let request = Request::new(method, url, headers, request_id, now);
        let Some(ready) = &self.ready else { return request.refused_for_config() };
        ready.step(&request, ready.gate.begin(&request.head(), request.now))
    }

    /// Decides about the same request with what it was found to need so far, in the order of the needs: the text of a
    /// record or `null` if there is none, the octets of a body, anything else for what could not be had.
    pub fn resume(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        now: f64,
        supplies: &Array,
    ) -> String {
        let request = Request::new(method, url, headers, request_id, now);
        let Some(ready) = &self.ready else { return request.refused_for_config() };
        let supplies = Supplies::read(supplies);
        ready.step(&request, ready.gate.resume(&request.head(), request.now, &supplies.list()))
    }

    /// The answer to a request that was let in when its origin cannot be reached. Not a decision: nothing to log.
    pub fn origin_unreachable(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        now: f64,
    ) -> String {
        let request = Request::new(method, url, headers, request_id, now);
        let Some(ready) = &self.ready else { return request.refused_for_config() };
        frame::answer("", &ready.gate.origin_unreachable(&request.head(), request.now))
            .unwrap_or_else(|_| request.internal_error())
    }
}

impl Ready {
    fn step(&self, request: &Request<'_>, step: Step) -> String {
        match step {
            Step::Verdict(verdict) => self.frame(request, &verdict),
            Step::Need(Need::ApiKeyRecord { id }) => frame::need_api_key_record(&id),
            Step::Need(Need::Body { limit }) => frame::need_body(limit),
        }
    }

    fn frame(&self, request: &Request<'_>, verdict: &Verdict) -> String {
        let log = verdict.log_line(request.method, request.request_id);
        let framed = match &verdict.decision {
            Decision::Allow(forward) => frame::forward(&log, &self.origin, forward),
            Decision::Deny(answer) => frame::answer(&log, answer),
        };
        framed.unwrap_or_else(|_| request.internal_error())
    }
}

impl<'a> Request<'a> {
    fn new(method: &'a str, url: &'a str, headers: &'a str, request_id: &'a str, now: f64) -> Self {
        Self { method, target: target::of(url), headers: pairs(headers), request_id, now: seconds(now) }
    }

    fn head(&self) -> RequestHead<'_> {
        RequestHead::new(self.method, self.target, &self.headers).with_request_id(self.request_id)
    }

    fn refused_for_config(&self) -> String {
        self.refused(Reason::ConfigInvalid, portcullis::Gate::config_invalid(self.request_id, self.now))
    }

    fn internal_error(&self) -> String {
        self.refused(Reason::Internal, portcullis::Gate::internal_error(self.request_id, self.now))
    }

    /// A refusal that is not the outcome of an evaluation, logged like one.
    fn refused(&self, reason: Reason, answer: Answer) -> String {
        let record = Record { reason: Some(reason), ..Record::default() };
        let verdict = Verdict { decision: Decision::Deny(answer.clone()), record };
        let log = verdict.log_line(self.method, self.request_id);
        // The handler fails closed on an empty frame.
        frame::answer(&log, &answer).unwrap_or_default()
    }
}

/// Splits `name\0value\0…`. Neither part can hold a NUL: the host refuses such a header.
fn pairs(headers: &str) -> Vec<HeaderPair<'_>> {
    let mut parts = headers.split('\0');
    core::iter::from_fn(|| Some(HeaderPair::new(parts.next()?, parts.next()?))).collect()
}

/// Milliseconds since the epoch as whole seconds.
#[allow(
    clippy::as_conversions,
    reason = "the only conversion there is; it saturates, and a clock before 1970 is 0"
)]
fn seconds(now: f64) -> UnixTime {
    UnixTime::from_secs((now / 1000.0) as u64)
}
