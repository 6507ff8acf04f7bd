//! Portcullis as a Cloudflare Worker: what `handler.mjs` calls.
//!
//! The handler passes the head of a request in as strings and gets one string back, so that a decision is a single
//! synchronous call without a promise, a wrapper or a copy of the request; the module `frame` describes it. A decision
//! that has to wait for the handler waits here, under a handle.

mod environment;
mod frame;
mod target;

use portcullis::api_key::RecordLookup;
use portcullis::{Decision, HeaderPair, Need, Reason, RequestHead, Step, UnixTime, Verdict};
use portcullis_pending::Pending;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Object;

use crate::environment::Environment;

/// The gate of one isolate.
///
/// A class with a static factory, not a set of functions: an object remembers the instance of the module that it was
/// made in, and using it after that instance has trapped is an error instead of a decision from broken memory. For the
/// same reason a handle is one of this object: it must not be given to another.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    /// `None` if there is no usable configuration: every request is refused then.
    ready: Option<Ready>,
    pending: Pending,
}

/// What it takes to allow a request.
#[derive(Debug)]
struct Ready {
    gate: portcullis::Gate,
    origin: String,
}

/// One call about a request, as the handler describes it.
#[derive(Clone, Copy)]
struct Call<'a> {
    method: &'a str,
    request_id: &'a str,
    /// The client's address; empty if nobody vouches for it.
    client: &'a str,
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
            portcullis_config::load(document.as_bytes(), &environment).map_err(|errors| errors.to_string())
        });
        let loaded = loaded.map_err(|problem| problems.push(problem)).ok();
        for problem in problems {
            worker::console_error!("portcullis: no request is allowed: {problem}");
        }
        if let Some(loaded) = &loaded {
            worker::console_log!("portcullis: policy {} is loaded", loaded.gate.version());
        }
        for diagnostic in loaded.iter().flat_map(|loaded| &loaded.diagnostics) {
            worker::console_warn!("portcullis: {diagnostic}");
        }
        let ready = loaded.zip(origin).map(|(loaded, origin)| Ready { gate: loaded.gate, origin });
        Self { ready, pending: Pending::default() }
    }

    /// Decides about a request. `headers` is `name\0value\0…`, `now` is in milliseconds, as `Date.now()` gives it.
    pub fn decide(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        self.step(call, ready.gate.begin(&head(call, url, &pairs), call.now))
    }

    /// Goes on, once, with the decision that waits for a record: its text, `null` if there is none, or anything else if
    /// the store cannot be asked. `method` and `request_id` are those of the request.
    pub fn supply_record(
        &self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        record: &JsValue,
    ) -> String {
        let found = match record.as_string() {
            Some(text) => portcullis_config::api_key_record(text.as_bytes()),
            None if record.is_null() => RecordLookup::NotFound,
            None => RecordLookup::Unavailable,
        };
        self.supply_lookup(handle, Call::new(method, request_id, client, now), &found)
    }

    /// Goes on, once, with the decision that waits for a body: its bytes, or `undefined` if it cannot be read. `method` and
    /// `request_id` are those of the request.
    pub fn supply_body(
        &self,
        handle: &str,
        method: &str,
        request_id: &str,
        client: &str,
        now: f64,
        body: Option<Vec<u8>>,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(need) = self.pending.take_body(handle) else { return self.refused(call, Reason::Internal) };
        let verdict = match body {
            Some(bytes) => need.supply(&bytes, call.now),
            None => need.unavailable(call.now),
        };
        self.verdict(call, verdict)
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        self.pending.release(handle);
    }

    /// The response to a request that was allowed when its origin cannot be reached. Not a decision: nothing to log.
    pub fn origin_unreachable(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        let mut response = ready.gate.origin_unreachable(&head(call, url, &pairs), call.now);
        response.set_request_id(call.request_id);
        frame::response("", &response).unwrap_or_else(|_| self.refused(call, Reason::Internal))
    }

    /// The refusal of a request that was allowed, and whose body broke off on its way to the origin.
    pub fn body_broken_off(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        request_id: &str,
        client: &str,
        now: f64,
    ) -> String {
        let call = Call::new(method, request_id, client, now);
        let Some(ready) = &self.ready else { return self.refused(call, Reason::ConfigInvalid) };
        let pairs = pairs(headers);
        self.verdict(call, ready.gate.body_broken_off(&head(call, url, &pairs), call.now))
    }

    fn supply_lookup(&self, handle: &str, call: Call<'_>, found: &RecordLookup) -> String {
        match self.pending.take_record(handle) {
            Some(need) => self.step(call, need.supply(found, call.now)),
            None => self.refused(call, Reason::Internal),
        }
    }

    fn step(&self, call: Call<'_>, step: Step) -> String {
        match step {
            Step::Verdict(verdict) => self.verdict(call, verdict),
            Step::Need(Need::ApiKeyRecord(need)) => {
                let key = need.store_key().to_string();
                frame::need_api_key_record(&self.pending.keep(Need::ApiKeyRecord(need)), &key)
            }
            Step::Need(Need::Call(need)) => self.step(call, need.unavailable()),
            Step::Need(Need::Wait(need)) => self.step(call, need.unavailable()),
            Step::Need(Need::Body(need)) => {
                let limit = need.limit();
                frame::need_body(&self.pending.keep(Need::Body(need)), limit)
            }
        }
    }

    fn verdict(&self, call: Call<'_>, verdict: Verdict) -> String {
        self.framed(call, verdict).unwrap_or_else(|_| self.refused(call, Reason::Internal))
    }

    /// The frame of a refusal that no gate has decided on.
    fn refused(&self, call: Call<'_>, reason: Reason) -> String {
        // The handler fails closed on an empty frame.
        self.framed(call, Verdict::refused(reason, call.request_id, call.now)).unwrap_or_default()
    }

    fn framed(&self, call: Call<'_>, verdict: Verdict) -> Result<String, frame::Unframeable> {
        let client = Some(call.client).filter(|client| !client.is_empty());
        let log = verdict.log_line_with_client(call.method, call.request_id, client);
        match (&verdict.with_request_id(call.request_id).decision, &self.ready) {
            (Decision::Allow(forward), Some(ready)) => frame::forward(&log, &ready.origin, forward),
            (Decision::Deny(response) | Decision::Answer(response), _) => frame::response(&log, response),
            // Nothing is allowed without a gate.
            (Decision::Allow(_), None) => Err(frame::Unframeable),
        }
    }
}

impl<'a> Call<'a> {
    fn new(method: &'a str, request_id: &'a str, client: &'a str, now: f64) -> Self {
        Self { method, request_id, client, now: seconds(now) }
    }
}

/// What the core decides about. workerd shows the `Connection` header: that of a WebSocket handshake lists `Upgrade`.
fn head<'a>(call: Call<'a>, url: &'a str, pairs: &'a [HeaderPair<'a>]) -> RequestHead<'a> {
    RequestHead::new(call.method, target::of(url), pairs).with_request_id(call.request_id)
}

/// Splits `name\0value\0…`. Neither part can hold a NUL: the host refuses such a header.
fn pairs(headers: &str) -> Vec<HeaderPair<'_>> {
    let mut parts = headers.split('\0');
    core::iter::from_fn(|| Some(HeaderPair::new(parts.next()?, parts.next()?))).collect()
}

/// Milliseconds since the epoch as whole seconds.
///
/// SECURITY: what is no time is the end of time, when every proof has ended: read as 1970, it would bring them all back.
#[allow(clippy::as_conversions, reason = "the only conversion there is; the range is checked before")]
fn seconds(now: f64) -> UnixTime {
    let is_time = now.is_finite() && now >= 0.0;
    UnixTime::from_secs(if is_time { (now / 1000.0) as u64 } else { u64::MAX })
}

#[cfg(test)]
mod tests {
    use super::{Call, Gate, Ready, pairs, seconds};
    use portcullis::HeaderPair;
    use portcullis::api_key::{RecordLookup, assemble, plain_hash};
    use portcullis_config::Secrets;
    use portcullis_pending::Pending;

    const NOW: f64 = 1_795_305_600_000.0;
    /// A key of another system, with a record in the configuration.
    const LISTED: &str = "key-of-another-system-1f6a";

    struct Given;

    impl Secrets for Given {
        fn get(&self, _: &str) -> Option<String> {
            Some("5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1".to_string())
        }

        fn hint(&self, name: &str) -> String {
            name.to_string()
        }
    }

    fn gate() -> Gate {
        let document = format!(
            r#"{{
                "profile": "generic",
                "api_keys": {{
                    "pepper": {{"env": "PEPPER"}},
                    "lookup": true,
                    "records": [{{"id": "listed", "hash": "{}", "roles": ["user"]}}]
                }},
                "policy": {{
                    "roles": {{"user": {{"permissions": ["search:read"]}}}},
                    "routes": {{"POST /search": {{"access": "search:read", "where": {{"body./user": "subject"}}}}}}
                }}
            }}"#,
            plain_hash(LISTED)
        );
        let gate = portcullis_config::load(document.as_bytes(), &Given).unwrap().gate;
        Gate { ready: Some(Ready { gate, origin: "http://origin".to_string() }), pending: Pending::default() }
    }

    /// The frame of a request with `key`, as lines.
    fn decide(gate: &Gate, key: &str) -> Vec<String> {
        let headers = format!("x-api-key\0{key}\0content-type\0application/json\0");
        lines(&gate.decide("POST", "http://gate/search", &headers, "request-1", "", NOW))
    }

    fn lines(frame: &str) -> Vec<String> {
        frame.split('\n').map(str::to_string).collect()
    }

    fn need_record(gate: &Gate) -> String {
        let frame = decide(gate, &assemble("live", "other", (0..=255).cycle().take(200)).unwrap());
        assert_eq!((&*frame[0], &*frame[2], frame.len()), ("api_key_record", "other", 3));
        frame[1].clone()
    }

    fn need_body(gate: &Gate) -> String {
        let frame = decide(gate, LISTED);
        assert_eq!((&*frame[0], &*frame[2], frame.len()), ("body", "65536", 3));
        frame[1].clone()
    }

    fn supply_record(gate: &Gate, handle: &str) -> Vec<String> {
        let call = Call::new("POST", "request-1", "", NOW);
        lines(&gate.supply_lookup(handle, call, &RecordLookup::NotFound))
    }

    fn supply_body(gate: &Gate, handle: &str) -> Vec<String> {
        let body = Some(br#"{"user": "key:listed"}"#.to_vec());
        lines(&gate.supply_body(handle, "POST", "request-1", "", NOW, body))
    }

    #[track_caller]
    fn assert_internal(frame: &[String]) {
        assert_eq!((&*frame[0], &*frame[2]), ("response", "503"));
        assert!(frame[1].contains(r#""reason":"internal""#), "{}", frame[1]);
        assert!(frame[1].contains(r#""request_id":"request-1""#), "{}", frame[1]);
    }

    #[test]
    fn a_decision_goes_on_once() {
        let gate = gate();
        let (record, body) = (need_record(&gate), need_body(&gate));
        let frame = supply_record(&gate, &record);
        assert_eq!((&*frame[0], &*frame[2]), ("response", "401"));
        assert!(frame[1].contains("api_key_unknown"));
        let frame = supply_body(&gate, &body);
        assert_eq!((&*frame[0], &*frame[2]), ("forward", "http://origin/search"));
        assert_internal(&supply_record(&gate, &record));
        assert_internal(&supply_body(&gate, &body));
    }

    #[test]
    fn a_body_that_cannot_be_read_is_refused() {
        let gate = gate();
        let frame = lines(&gate.supply_body(&need_body(&gate), "POST", "request-1", "", NOW, None));
        assert_eq!((&*frame[0], &*frame[2]), ("response", "400"));
        assert!(frame[1].contains("body_invalid"));
    }

    #[test]
    fn an_unknown_or_released_handle_is_refused() {
        let gate = gate();
        let (record, body) = (need_record(&gate), need_body(&gate));
        gate.release(&record);
        gate.release(&body);
        gate.release("x");
        for handle in [&record, &body, "", "0", "17", "undefined"] {
            assert_internal(&supply_record(&gate, handle));
            assert_internal(&supply_body(&gate, handle));
        }
    }

    #[test]
    fn a_handle_of_the_other_kind_is_refused_and_used() {
        let gate = gate();
        let (record, body) = (need_record(&gate), need_body(&gate));
        assert_internal(&supply_body(&gate, &record));
        assert_internal(&supply_record(&gate, &body));
        assert_internal(&supply_record(&gate, &record));
        assert_internal(&supply_body(&gate, &body));
    }

    #[test]
    fn without_a_gate_every_request_is_refused() {
        let gate = Gate { ready: None, pending: Pending::default() };
        let frame = decide(&gate, LISTED);
        assert_eq!((&*frame[0], &*frame[2]), ("response", "503"));
        assert!(frame[1].contains("config_invalid"));
        assert_internal(&supply_body(&gate, "1"));
    }

    #[test]
    fn what_is_no_time_is_no_time_of_the_past() {
        for (now, secs) in [(0.0, 0), (1999.9, 1), (1_795_305_600_000.0, 1_795_305_600)] {
            assert_eq!(seconds(now).as_secs(), secs);
        }
        for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            assert_eq!(seconds(now).as_secs(), u64::MAX);
        }
    }

    #[test]
    fn a_name_without_a_value_is_no_header() {
        assert_eq!(pairs("a\0b\0c\0"), [HeaderPair::new("a", "b"), HeaderPair::new("c", "")]);
        assert_eq!(pairs(""), []);
    }
}
