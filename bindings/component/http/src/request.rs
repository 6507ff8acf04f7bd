//! The request, from head to decision.

use alloc::format;
use alloc::string::{String, ToString};

use portcullis::{BodyNeed, Forward, Reason, Verdict};
use portcullis_component_common::{Head, Outcome};

use crate::bindings::wasi::http::types::{IncomingRequest, Method, ResponseOutparam};
use crate::bindings::wasi::random::random;
use crate::environment;
use crate::instance::{Instance, now};
use crate::response::respond;

/// One request.
#[derive(Debug)]
pub struct Request {
    /// Its head.
    pub head: Head,
    instance: &'static Instance,
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
        let instance = Instance::get();
        instance.note_request();
        Self {
            instance,
            head: Head::new(
                name(incoming.method()),
                incoming.path_with_query(),
                incoming.headers().entries(),
                incoming.authority(),
                [random::get_random_u64(), random::get_random_u64()],
            ),
        }
    }

    /// The same, whose identifier the origin and the caller are told in `X-Request-Id`.
    #[must_use]
    pub fn telling_id(self) -> Self {
        Self { head: self.head.telling_id(), ..self }
    }

    /// The verdict or, as the error, the need for the body.
    ///
    /// # Errors
    ///
    /// [`BodyNeed`] if the decision takes the body.
    pub fn decide(&self) -> Result<Verdict, BodyNeed> {
        let decided = self.instance.decide(&self.head);
        decided.unwrap_or_else(|| Ok(self.head.refused(Reason::ConfigInvalid, now())))
    }

    /// The verdict of a decision that takes the body: all of it or one byte more than its limit; none if it broke off.
    pub fn decide_with(&self, need: BodyNeed, body: Option<&[u8]>) -> Verdict {
        self.instance.decide_with(need, body)
    }

    /// Fetches what is due. For when the response is out: nobody waits for it.
    pub fn refresh(&self) {
        self.instance.refresh();
    }

    /// Logs and answers what goes no further; none then. What is allowed comes back, and is logged by [`Allowed::log`] once it is clear
    /// that the verdict can be carried out.
    pub fn settle(&self, verdict: Verdict, out: ResponseOutparam) -> Option<(Allowed, ResponseOutparam)> {
        match self.head.settle(verdict) {
            Outcome::Allowed { forward, log_line } => Some((Allowed { forward, log_line }, out)),
            Outcome::Answered { response, log_line } => {
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
        environment::complain(&format!("request {} refused: {why}", self.head.id()));
        self.refuse(Reason::Internal, out);
    }

    fn refuse(&self, reason: Reason, out: ResponseOutparam) {
        // It is never allowed; and if it were, the host would answer for want of a response.
        drop(self.settle(self.head.refused(reason, now()), out));
    }

    /// Refuses the request, which was allowed, because its body broke off on its way to the origin.
    pub fn body_broken_off(&self, out: ResponseOutparam) {
        match self.instance.gate() {
            // It is a refusal; and if it were not, the host would answer for want of a response.
            Some(gate) => drop(self.settle(self.head.body_broken_off(gate, now()), out)),
            None => self.refuse_for_config(out),
        }
    }

    /// Answers that the origin cannot be reached. Not a decision: nothing to log but why.
    pub fn origin_unreachable(&self, why: &str, out: ResponseOutparam) {
        environment::complain(&format!("request {}: cannot reach ORIGIN: {why}", self.head.id()));
        let Some(gate) = self.instance.gate() else { return self.refuse_for_config(out) };
        respond(out, &self.head.origin_unreachable(gate, now()));
    }
}

impl Allowed {
    /// Logs that the request goes on.
    pub fn log(&self) {
        environment::log(&self.log_line);
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
