//! The request, from head to decision.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::{
    Answer, Decision, Forward, Gate, HeaderPair, Reason, Record, RequestHead, Step, Supply, UnixTime, Verdict,
};

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::http::types::{IncomingRequest, Method};
use crate::bindings::wasi::random::random;
use crate::environment;

/// The head of one request, and when it came.
#[derive(Debug)]
pub struct Request {
    method: String,
    /// Path and query as sent.
    pub target: String,
    /// Every header line, in the host's order.
    pub headers: Vec<(String, Vec<u8>)>,
    id: String,
    now: UnixTime,
}

impl Request {
    /// Reads the head, and nothing of the body.
    pub fn read(incoming: &IncomingRequest) -> Self {
        let (high, low) = (random::get_random_u64(), random::get_random_u64());
        Self {
            method: name(incoming.method()),
            // Without one there is nothing to decide on, and the core refuses it.
            target: incoming.path_with_query().unwrap_or_default(),
            headers: incoming.headers().entries(),
            id: format!("{high:016x}{low:016x}"),
            now: UnixTime::from_secs(wall_clock::now().seconds),
        }
    }

    /// Decides. A refusal is logged and comes back as an error; what is let in is logged by [`Request::let_in`], once it
    /// is clear that the verdict can be carried out.
    ///
    /// # Errors
    ///
    /// The answer to give instead of handing the request on.
    pub fn decide(&self) -> Result<(Forward, String), Answer> {
        let Some(gate) = environment::gate() else { return Err(self.refused_for_config()) };
        let verdict = self.with_head(|head| match gate.begin(head, self.now) {
            Step::Verdict(verdict) => verdict,
            // There is no store to ask: records stand in the configuration here.
            Step::Need(_) => gate.resume(head, self.now, Supply::Unavailable),
        });
        let log_line = verdict.log_line(&self.method, &self.id);
        match verdict.decision {
            Decision::Allow(forward) => Ok((forward, log_line)),
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
        self.refused(Reason::Internal, Gate::internal_error(&self.id, self.now))
    }

    /// The answer while no configuration is usable; logged as a refusal.
    pub fn refused_for_config(&self) -> Answer {
        self.refused(Reason::ConfigInvalid, Gate::config_invalid(&self.id, self.now))
    }

    /// The answer when the origin cannot be reached. Not a decision: nothing to log but why.
    pub fn origin_unreachable(&self, why: &str) -> Answer {
        environment::complain(&format!("request {}: cannot reach ORIGIN: {why}", self.id));
        match environment::gate() {
            Some(gate) => self.with_head(|head| gate.origin_unreachable(head, self.now)),
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
