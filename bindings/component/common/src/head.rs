//! The head of one request, from what the host shows to what becomes of it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{
    Decision, Forward, Gate, HeaderPair, LiveGate, Reason, RequestHead, Response, Step, UnixTime, Verdict,
};

/// The head of one request.
#[derive(Debug)]
pub struct Head {
    method: String,
    /// Path and query as sent.
    pub target: String,
    /// Every header line, in the host's order; `host` among them, wherever the host keeps the authority.
    pub headers: Vec<(String, Vec<u8>)>,
    id: String,
    /// Whether origin and caller are told the identifier.
    tells_id: bool,
}

/// What becomes of a request, and the line that says so in the log.
#[derive(Debug)]
pub enum Outcome {
    /// It goes on.
    Allowed {
        /// How.
        forward: Forward,
        /// Due once it is clear that this can be done.
        log_line: String,
    },
    /// It goes no further.
    Answered {
        /// What the caller gets.
        response: Response,
        /// Due now.
        log_line: String,
    },
}

impl Head {
    /// A head as `wasi:http` shows it. `random` names the request.
    pub fn new(
        method: String,
        target: Option<String>,
        mut headers: Vec<(String, Vec<u8>)>,
        authority: Option<String>,
        random: [u64; 2],
    ) -> Self {
        if let Some(authority) = authority
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            headers.push((String::from("host"), authority.into_bytes()));
        }
        let [high, low] = random;
        Self {
            method,
            // Without one there is nothing to decide on, and the core refuses it.
            target: target.unwrap_or_default(),
            headers,
            id: format!("{high:016x}{low:016x}"),
            tells_id: false,
        }
    }

    /// By what the request is known in logs and refusals.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same, whose identifier the origin and the caller are told in `X-Request-Id`.
    #[must_use]
    pub fn telling_id(self) -> Self {
        Self { tells_id: true, ..self }
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

    /// The verdict, or what is needed to decide, of a gate that learns.
    pub fn begin(&self, gate: &mut LiveGate, now: UnixTime) -> Step {
        self.with(|head| gate.begin(head, now))
    }

    /// What the verdict comes to.
    pub fn settle(&self, verdict: Verdict) -> Outcome {
        let log_line = verdict.log_line(&self.method, &self.id);
        let verdict = if self.tells_id { verdict.with_request_id(&self.id) } else { verdict };
        match verdict.decision {
            Decision::Allow(forward) => Outcome::Allowed { forward, log_line },
            Decision::Deny(response) | Decision::Answer(response) => Outcome::Answered { response, log_line },
        }
    }

    /// The refusal for `reason`, which no gate has given.
    pub fn refused(&self, reason: Reason, now: UnixTime) -> Verdict {
        Verdict::refused(reason, &self.id, now)
    }

    /// The refusal of a request whose body broke off.
    pub fn body_broken_off(&self, gate: &Gate, now: UnixTime) -> Verdict {
        self.with(|head| gate.body_broken_off(head, now))
    }

    /// What the caller of an allowed request gets when the origin gives no response. Not a decision: nothing to log.
    pub fn origin_unreachable(&self, gate: &Gate, now: UnixTime) -> Response {
        let mut response = self.with(|head| gate.origin_unreachable(head, now));
        if self.tells_id {
            response.set_request_id(&self.id);
        }
        response
    }

    /// Calls `f` with what the core decides about. `wasi:http` hides the headers of the connection.
    fn with<T>(&self, f: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        f(&RequestHead::new(&self.method, &self.target, &pairs)
            .with_request_id(&self.id)
            .with_connection_hidden())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::Head;

    fn head(method: &str, headers: &[(&str, &str)], authority: &str) -> Head {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_string(), value.as_bytes().to_vec())).collect();
        Head::new(method.to_string(), Some("/".to_string()), headers, Some(authority.to_string()), [1, 2])
    }

    #[test]
    fn the_authority_is_a_host_line_unless_there_is_one() {
        let hosts = |head: Head| -> Vec<_> { head.headers.into_iter().map(|(_, value)| value).collect() };
        assert_eq!(hosts(head("GET", &[], "a.example")), [b"a.example"]);
        assert_eq!(hosts(head("GET", &[("Host", "b.example")], "a.example")), [b"b.example"]);
    }

    #[test]
    fn only_a_preflight_without_a_length_may_hide_a_body() {
        assert!(head("OPTIONS", &[], "a.example").may_hide_body());
        assert!(!head("OPTIONS", &[("Content-Length", "0")], "a.example").may_hide_body());
        assert!(!head("POST", &[], "a.example").may_hide_body());
    }

    #[test]
    fn the_identifier_has_128_bits() {
        assert_eq!(head("GET", &[], "a.example").id(), "00000000000000010000000000000002");
    }
}
