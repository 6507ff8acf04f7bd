//! The request, from head to decision.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::api_key::RecordLookup;
use portcullis::{BodyNeed, Decision, Forward, HeaderPair, Reason, RequestHead, UnixTime, Verdict};

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::http::types::{IncomingRequest, Method, ResponseOutparam};
use crate::bindings::wasi::random::random;
use crate::environment;
use crate::response::respond;

/// The head of one request.
#[derive(Debug)]
pub struct Request {
    method: String,
    /// Path and query as sent.
    pub target: String,
    /// Every header line, in the host's order; `host` among them, wherever the host keeps the authority.
    pub headers: Vec<(String, Vec<u8>)>,
    id: String,
    /// Whether origin and caller are told the identifier.
    tells_id: bool,
}

/// A request that its verdict allows.
#[derive(Debug)]
pub struct Allowed {
    /// How it goes on.
    pub forward: Forward,
    log_line: String,
}

impl Request {
    /// Reads the head, and nothing of the body.
    pub fn read(incoming: &IncomingRequest) -> Self {
        environment::note_request();
        let (high, low) = (random::get_random_u64(), random::get_random_u64());
        let mut headers = incoming.headers().entries();
        if let Some(authority) = incoming.authority()
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            headers.push((String::from("host"), authority.into_bytes()));
        }
        Self {
            method: name(incoming.method()),
            // Without one there is nothing to decide on, and the core refuses it.
            target: incoming.path_with_query().unwrap_or_default(),
            headers,
            id: format!("{high:016x}{low:016x}"),
            tells_id: false,
        }
    }

    /// Whether it may have a body that none of its headers announces, and it matters whether it does: `wasi:http` hides
    /// how a body without a length is sent, and a request with one is no CORS preflight.
    pub fn may_hide_body(&self) -> bool {
        let is_length = |name: &str| name.eq_ignore_ascii_case("content-length");
        self.method == "OPTIONS" && !self.headers.iter().any(|(name, _)| is_length(name))
    }

    /// Adds the header that announces a body.
    pub fn announce_body(&mut self) {
        self.headers.push((String::from("transfer-encoding"), b"chunked".to_vec()));
    }

    /// The same, whose identifier the origin and the caller are told in `X-Request-Id`.
    #[must_use]
    pub fn telling_id(self) -> Self {
        Self { tells_id: true, ..self }
    }

    /// The verdict or, as the error, the need for the body.
    ///
    /// # Errors
    ///
    /// [`BodyNeed`] if the decision takes the body.
    pub fn decide(&self) -> Result<Verdict, BodyNeed> {
        let Some(gate) = environment::gate() else {
            return Ok(Verdict::refused(Reason::ConfigInvalid, &self.id, now()));
        };
        let now = now();
        // There is no store to ask: records stand in the configuration here.
        self.with_head(|head| gate.begin(head, now)).with_records(|_| (RecordLookup::Unavailable, now))
    }

    /// The verdict of a decision that takes the body: all of it, or one byte more than its limit.
    pub fn decide_with(need: BodyNeed, body: &[u8]) -> Verdict {
        need.supply(body, now())
    }

    /// The verdict of a decision that takes the body, which broke off or cannot be had.
    pub fn decide_without(need: BodyNeed) -> Verdict {
        need.unavailable(now())
    }

    /// Logs and answers what goes no further; none then. What is allowed comes back, and is logged by [`Allowed::log`] once it is clear
    /// that the verdict can be carried out.
    pub fn settle(&self, verdict: Verdict, out: ResponseOutparam) -> Option<(Allowed, ResponseOutparam)> {
        let log_line = verdict.log_line(&self.method, &self.id);
        let verdict = if self.tells_id { verdict.with_request_id(&self.id) } else { verdict };
        match verdict.decision {
            Decision::Allow(forward) => Some((Allowed { forward, log_line }, out)),
            Decision::Deny(response) | Decision::Answer(response) => {
                environment::log(&log_line);
                respond(out, &response);
                None
            }
        }
    }

    /// Refuses the request because no configuration is usable.
    pub fn refuse_for_config(&self, out: ResponseOutparam) {
        self.refuse(Reason::ConfigInvalid, out);
    }

    /// Refuses the request because the verdict cannot be carried out.
    pub fn refuse_as_failed(&self, why: &str, out: ResponseOutparam) {
        environment::complain(&format!("request {} refused: {why}", self.id));
        self.refuse(Reason::Internal, out);
    }

    fn refuse(&self, reason: Reason, out: ResponseOutparam) {
        // It is never allowed; and if it were, the host would answer for want of a response.
        drop(self.settle(Verdict::refused(reason, &self.id, now()), out));
    }

    /// Refuses the request, which was allowed, because its body broke off on its way to the origin.
    pub fn body_broken_off(&self, out: ResponseOutparam) {
        match environment::gate() {
            // It is a refusal; and if it were not, the host would answer for want of a response.
            Some(gate) => {
                drop(self.settle(self.with_head(|head| gate.body_broken_off(head, now())), out));
            }
            None => self.refuse_for_config(out),
        }
    }

    /// Answers that the origin cannot be reached. Not a decision: nothing to log but why.
    pub fn origin_unreachable(&self, why: &str, out: ResponseOutparam) {
        environment::complain(&format!("request {}: cannot reach ORIGIN: {why}", self.id));
        let Some(gate) = environment::gate() else { return self.refuse_for_config(out) };
        let mut response = self.with_head(|head| gate.origin_unreachable(head, now()));
        if self.tells_id {
            response.set_request_id(&self.id);
        }
        respond(out, &response);
    }

    /// Calls `f` with what the core decides about. `wasi:http` hides the headers of the connection.
    fn with_head<T>(&self, f: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        f(&RequestHead::new(&self.method, &self.target, &pairs)
            .with_request_id(&self.id)
            .with_connection_hidden())
    }
}

impl Allowed {
    /// Logs that the request goes on.
    pub fn log(&self) {
        environment::log(&self.log_line);
    }
}

fn now() -> UnixTime {
    UnixTime::from_secs(wall_clock::now().seconds)
}

fn name(method: Method) -> String {
    let known = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => return other,
    };
    known.to_string()
}
