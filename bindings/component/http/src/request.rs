//! The request, from head to decision.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::{
    Answer, Decision, Forward, Gate, HeaderPair, Need, Reason, Record, RequestHead, Step, Supply, UnixTime,
    Verdict,
};

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::http::types::{IncomingRequest, Method};
use crate::bindings::wasi::random::random;
use crate::environment;

/// The head of one request.
#[derive(Debug)]
pub struct Request {
    method: String,
    /// Path and query as sent.
    pub target: String,
    /// Every header line, in the host's order; `host` among them, wherever the host keeps the authority.
    pub headers: Vec<(String, Vec<u8>)>,
    id: String,
}

/// How far a decision got.
#[derive(Debug)]
pub enum Outcome {
    /// The request goes on like this; the line is for [`Request::let_in`].
    LetIn(Forward, String),
    /// [`Request::decide`] takes the body: all of it, or one byte more than this many bytes.
    NeedsBody(usize),
}

impl Request {
    /// Reads the head, and nothing of the body.
    pub fn read(incoming: &IncomingRequest) -> Self {
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
        }
    }

    /// Decides, with the body if it has been asked for. A refusal is logged and comes back as an error; what is let in is
    /// logged by [`Request::let_in`], once it is clear that the verdict can be carried out.
    ///
    /// # Errors
    ///
    /// The answer to give instead of handing the request on.
    pub fn decide(&self, body: Option<&[u8]>) -> Result<Outcome, Answer> {
        let Some(gate) = environment::gate() else { return Err(self.refused_for_config()) };
        let verdict = match self.with_head(|head| verdict(gate, head, body)) {
            Ok(verdict) => verdict,
            Err(limit) => return Ok(Outcome::NeedsBody(limit)),
        };
        let log_line = verdict.log_line(&self.method, &self.id);
        match verdict.decision {
            Decision::Allow(forward) => Ok(Outcome::LetIn(forward, log_line)),
            Decision::Deny(answer) => {
                environment::log(&log_line);
                Err(answer)
            }
        }
    }

    /// Logs that the request goes on, with the line that [`Request::decide`] gave.
    pub fn let_in(log_line: &str) {
        environment::log(log_line);
    }

    /// The answer when the verdict cannot be carried out; logged as a refusal.
    pub fn failed(&self, why: &str) -> Answer {
        environment::complain(&format!("request {} refused: {why}", self.id));
        self.refused(Reason::Internal, Gate::internal_error(&self.id, now()))
    }

    /// The answer while no configuration is usable; logged as a refusal.
    pub fn refused_for_config(&self) -> Answer {
        self.refused(Reason::ConfigInvalid, Gate::config_invalid(&self.id, now()))
    }

    /// The answer when the origin cannot be reached. Not a decision: nothing to log but why.
    pub fn origin_unreachable(&self, why: &str) -> Answer {
        environment::complain(&format!("request {}: cannot reach ORIGIN: {why}", self.id));
        match environment::gate() {
            Some(gate) => self.with_head(|head| gate.origin_unreachable(head, now())),
            None => self.refused_for_config(),
        }
    }

    fn refused(&self, reason: Reason, answer: Answer) -> Answer {
        let record = Record { reason: Some(reason), ..Record::default() };
        let verdict = Verdict { decision: Decision::Deny(answer.clone()), record };
        environment::log(&verdict.log_line(&self.method, &self.id));
        answer
    }

    fn with_head<T>(&self, f: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        f(&RequestHead::new(&self.method, &self.target, &pairs).with_request_id(&self.id))
    }
}

/// The verdict, or how much of the body it takes, if that is needed and not there yet.
fn verdict(gate: &Gate, head: &RequestHead<'_>, body: Option<&[u8]>) -> Result<Verdict, usize> {
    let now = now();
    let mut supplies = Vec::new();
    loop {
        let need = match gate.resume(head, now, &supplies) {
            Step::Verdict(verdict) => return Ok(verdict),
            Step::Need(need) => need,
        };
        supplies.push(match need {
            // There is no store to ask: records stand in the configuration here.
            Need::ApiKeyRecord { .. } => Supply::Unavailable,
            Need::Body { limit } => Supply::Body(body.ok_or(limit)?),
        });
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
