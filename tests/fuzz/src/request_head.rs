//! The target `request_head`: method, target and headers of any bytes, with a signed token wherever they ask for one.
//!
//! Input: the setting; the head, as method and target and then one header a line; header and claims of the token that
//! `{token}` stands for; the record that the host finds for an API key, or the body it reads. The last two parts may be
//! missing.

use portcullis::api_key::RecordLookup;
use portcullis::parts::Binding;
use portcullis::{Decision, Gate, HeaderPair, Need, RequestHead, Step, UnixTime, Verdict};

use crate::input::{GROUP, RECORD, UNIT, fill, split};
use crate::setting::{Setting, secrets};
use crate::signature::sign;
use crate::{entitlement, origin};

/// A request of an input.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    fn read(head: &[u8], token: &str) -> Self {
        let mut lines = head.split(|byte| *byte == RECORD).map(|line| {
            let parts = split(line, UNIT, 2);
            let part = |index: usize| parts.get(index).map(|part| fill(part, token)).unwrap_or_default();
            (part(0), part(1))
        });
        let (method, target) = lines.next().unwrap_or_default();
        Self { method, target, headers: lines.collect() }
    }

    /// The values of the header `name`, in any case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = move |header: &&(Vec<u8>, Vec<u8>)| header.0.eq_ignore_ascii_case(name.as_bytes());
        self.headers.iter().filter(named).map(|(_, value)| value.as_slice())
    }

    /// What the gate decides about this request; a record or a body it asks for is `supplied`, or cannot be had.
    pub(crate) fn decide(&self, gate: &Gate, now: UnixTime, supplied: Option<&[u8]>) -> Verdict {
        let pairs: Vec<_> = self.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let head = RequestHead::new(&self.method, &self.target, &pairs).with_request_id("fuzz");
        // Without an answer, and with an empty one, each need ends in a refusal.
        for nothing in [RecordLookup::Unavailable, RecordLookup::NotFound] {
            if let Step::Need(Need::ApiKeyRecord(need)) = gate.begin(&head, now) {
                match need.supply(&nothing, now) {
                    Step::Verdict(verdict) => {
                        assert!(verdict.diagnostics.reason.is_some(), "allowed with {nothing:?}")
                    }
                    Step::Need(need) => panic!("another need after {nothing:?}: {need:?}"),
                }
            }
        }
        let record = || match supplied {
            Some(record) => portcullis_config::api_key_record(record),
            None => RecordLookup::Unavailable,
        };
        let step = || gate.begin(&head, now).with_records(|_| (record(), now));
        let Err(need) = step() else { return step().expect("the same request gets the same step") };
        assert!(need.unavailable(now).diagnostics.reason.is_some(), "allowed without a body");
        let empty = step().expect_err("the same request gets the same step").supply(b"", now);
        if let (None, Some(route)) = (empty.diagnostics.reason, &empty.diagnostics.route) {
            let mut routes = gate.parts().policy.routes.iter();
            let bindings = routes.find(|own| own.text == *route).map(|own| &own.bindings);
            let may_be_missing = |binding: &Binding| binding.optional || !binding.is_on_body();
            assert!(bindings.is_some_and(|all| all.iter().all(may_be_missing)), "allowed with an empty body");
        }
        let need = step().expect_err("the same request gets the same step");
        match supplied {
            Some(body) => need.supply(body, now),
            None => need.unavailable(now),
        }
    }
}

/// Checks one input.
///
/// # Panics
///
/// If a property does not hold.
pub fn check(input: &[u8]) {
    let Some((setting, rest)) = Setting::read(input) else { return };
    let groups = split(rest, GROUP, 4);
    let (header, claims) =
        (groups.get(1).copied().unwrap_or_default(), groups.get(2).copied().unwrap_or_default());
    let token = sign(header, claims, setting.secret);
    let request = Request::read(groups[0], &token);
    let record = groups.get(3).copied();

    let gate = &setting.configuration.gate;
    let verdict = request.decide(gate, setting.now, record);
    let summary = summary(&verdict);
    assert_eq!(
        summary,
        self::summary(&request.decide(gate, setting.now, record)),
        "two verdicts on one request"
    );
    for (change, changed) in [("capitals", capitals(&request)), ("joined lines", joined(&request))] {
        let changed = self::summary(&changed.decide(gate, setting.now, record));
        assert_eq!(summary, changed, "another verdict for the same request, {change}");
    }
    assert_log_line(&verdict, &request, &token);
    match &verdict.decision {
        Decision::Deny(answer) => {
            let reason = verdict.diagnostics.reason.expect("a refusal has a reason");
            assert_eq!(answer.status, reason.status(), "not the status of {reason}");
            assert!((400..600).contains(&answer.status), "a refusal that is no error: {}", answer.status);
            let challenge = answer.headers.iter().any(|(name, _)| name == "www-authenticate");
            assert!(challenge || answer.status != 401, "a 401 without a challenge: {answer:?}");
            assert_printable(&answer.headers);
            assert!(!answer.body.contains(&token), "the token in the body");
        }
        Decision::Answer(answer) => {
            assert_eq!(verdict.diagnostics.reason, None, "an answer with a reason for a refusal");
            assert_eq!(setting.configuration.document["cors"]["preflight"], "answer", "answered unasked");
            assert!(entitlement::preflight(&request).is_some(), "what is answered is no preflight");
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
            assert_printable(&answer.headers);
        }
        Decision::Allow(forward) if verdict.diagnostics.reported => {
            assert_eq!(setting.configuration.document["mode"], "report", "a refusal that is only reported");
            assert!(verdict.diagnostics.reason.is_some(), "reported without a reason");
            assert_printable(&forward.response_headers);
            origin::assert_as_it_came(forward, &request);
        }
        Decision::Allow(forward) => {
            assert_eq!(verdict.diagnostics.reason, None, "allowed with a reason for a refusal");
            assert_printable(&forward.set_headers);
            let sent = origin::with_cookies_sent(&request, forward);
            entitlement::assert_entitled(&verdict, &request, &sent, &setting, record);
            origin::assert_clean(forward, &verdict, &request, &setting);
        }
    }
}

/// Everything of a verdict that matters to a host or an operator.
fn summary(verdict: &Verdict) -> String {
    let diagnostics = &verdict.diagnostics;
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        verdict.decision, diagnostics.reason, diagnostics.route, diagnostics.location, diagnostics.principal
    )
}

/// The same request with the names of its headers in capitals.
fn capitals(request: &Request) -> Request {
    let mut request = request.clone();
    request.headers.iter_mut().for_each(|(name, _)| name.make_ascii_uppercase());
    request
}

/// The same request with the lines of each list joined by commas, as servers and proxies may do
/// ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)).
fn joined(request: &Request) -> Request {
    const LISTS: &[&[u8]] =
        &[b"authorization", b"x-api-key", b"sec-websocket-protocol", b"upgrade", b"connection"];
    // Joining makes fewer lines, and one line too many is refused.
    if request.headers.len() > portcullis::limits::HEADER_PAIRS {
        return request.clone();
    }
    let mut joined: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (name, value) in &request.headers {
        let is_list = LISTS.iter().any(|list| name.eq_ignore_ascii_case(list));
        match joined.iter_mut().find(|(earlier, _)| is_list && earlier.eq_ignore_ascii_case(name)) {
            Some((_, line)) => {
                line.extend(b", ");
                line.extend(value);
            }
            None => joined.push((name.clone(), value.clone())),
        }
    }
    Request { headers: joined, ..request.clone() }
}

/// Panics unless the log line is one line of JSON that tells no secret, no token and not the path.
fn assert_log_line(verdict: &Verdict, request: &Request, token: &str) {
    let line = verdict.log_line(&String::from_utf8_lossy(&request.method), "fuzz");
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&line);
    assert!(parsed.is_ok_and(|line| line["decision"].is_string()), "no JSON: {line}");
    assert!(!line.contains(['\n', '\r']), "more than one line: {line:?}");
    assert!(!line.contains(token) && !secrets().any(|secret| line.contains(secret)), "a secret in {line}");
}

/// Panics if a header could not be written on the wire as it is
/// ([RFC 9110 section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
fn assert_printable(headers: &[(String, String)]) {
    for (name, value) in headers {
        let printable = |byte: u8| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic();
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        assert!(value.bytes().all(printable), "{name}: {value:?}");
    }
}
