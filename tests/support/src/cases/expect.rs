//! Comparing what a host did with what a case expects.

use std::collections::BTreeMap;

use jwt_simple::prelude::{HS256Key, MACLike as _};
use serde_json::Value;

use super::case::{Case, Concrete, Expectation, Forwarded};
use super::suite::Suite;

/// The response header that tells a reason.
pub const REASON: &str = "x-portcullis-reason";

/// What a host did with a request.
#[derive(Debug)]
pub enum Seen {
    /// It refused.
    Refused(Response),
    /// It answered the request itself, and not with a refusal.
    Answered(Response),
    /// It allowed the request, and the origin received this.
    Allowed(Received),
    /// It has no usable configuration.
    Unconfigured {
        /// What it answers nevertheless; none if it does not start.
        answer: Option<Response>,
        /// The reason in its log, or the code of the error with which it does not start.
        reason: Option<String>,
        /// What it says about the configuration.
        said: String,
    },
}

/// A refusal as the caller receives it.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A request as the origin received it.
#[derive(Debug)]
pub struct Received {
    /// Path and query.
    pub target: String,
    /// Names in lower case; several lines of one name are several entries.
    pub headers: Vec<(String, String)>,
    /// The body, where the request went over a wire.
    pub body: Option<Vec<u8>>,
    /// The headers of the response to the caller; names in lower case.
    pub response: Vec<(String, String)>,
}

impl Received {
    fn values<'r>(&'r self, name: &str) -> Vec<&'r str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// Whether `seen` is what `case` expects on the host `name`; the difference, if not.
pub fn check(suite: &Suite, case: &Case, name: &str, sent: &Concrete, seen: &Seen) -> Result<(), String> {
    let expected = case.expected_on(name);
    match (&expected.forward, seen) {
        (None, Seen::Answered(answer)) if expected.answered => {
            headers(&expected.headers, &expected.without, &answer.headers)
        }
        (_, Seen::Answered(Response { status, body, .. })) => {
            Err(format!("not expected to be answered, but it was: {status} {body}"))
        }
        _ if expected.answered => Err(format!("expected to be answered, but it was not: {seen:?}")),
        (_, Seen::Unconfigured { answer, reason, said }) => {
            unconfigured(case.said_on(name), expected, answer.as_ref(), reason.as_deref(), said)
        }
        _ if !case.said_on(name).is_empty() => {
            Err(format!("the configuration is of no use, but the host decides: {seen:?}"))
        }
        (None, Seen::Allowed(received)) => {
            Err(format!("expected {}, but it was allowed as {}", wanted(expected), received.target))
        }
        (Some(_), Seen::Refused(Response { status, body, .. })) => {
            Err(format!("expected to be allowed, but it was refused: {status} {body}"))
        }
        // Over HTTP, the response to a HEAD is one to a GET without its body (RFC 9110 section 9.3.2).
        (None, Seen::Refused(answer)) if sent.method == "HEAD" && answer.body.is_empty() => {
            let with_body = Response { body: "{}".to_owned(), ..answer.clone() };
            refusal(expected, &with_body, answer.header(REASON))
        }
        (None, Seen::Refused(answer)) => refusal(expected, answer, answer.header(REASON)),
        (Some(forward), Seen::Allowed(received)) => forwarded(suite, forward, sent, received),
    }
}

/// Whether all `expected` headers have their values, lines of one name joined, and those in `without` are absent.
fn headers(
    expected: &BTreeMap<String, String>,
    without: &[String],
    got: &[(String, String)],
) -> Result<(), String> {
    let expected = expected.iter().map(|(name, value)| (name, Some(value)));
    for (name, value) in expected.chain(without.iter().map(|name| (name, None))) {
        let lines = got.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        // Hosts differ in how they join.
        let elements: Vec<_> = lines.flat_map(|line| line.split(',').map(str::trim)).collect();
        let joined = (!elements.is_empty()).then(|| elements.join(", "));
        if joined.as_ref() != value {
            return Err(format!("the response has `{name}` as {joined:?}, not {value:?}"));
        }
    }
    Ok(())
}

fn wanted(expected: &Expectation) -> String {
    format!("{} {}", expected.status.unwrap_or_default(), expected.reason.as_deref().unwrap_or_default())
}

/// A host without a usable configuration: it answers every request alike or does not start, and says why.
fn unconfigured(
    due: &[String],
    expected: &Expectation,
    answer: Option<&Response>,
    reason: Option<&str>,
    said: &str,
) -> Result<(), String> {
    if due.is_empty() {
        return Err(format!("the configuration is not accepted: {said}"));
    }
    if let Some(unsaid) = due.iter().find(|part| !said.contains(*part)) {
        return Err(format!("about the configuration, {unsaid:?} is not said: {said}"));
    }
    match answer {
        Some(answer) => refusal(expected, answer, reason),
        None if expected.starts => Err(format!("expected {}, but it does not start", wanted(expected))),
        None if reason != expected.reason.as_deref() => {
            Err(format!("it does not start for {reason:?}, not {:?}", expected.reason))
        }
        None => Ok(()),
    }
}

fn refusal(expected: &Expectation, answer: &Response, reason: Option<&str>) -> Result<(), String> {
    let Response { status, body, .. } = answer;
    let reason = reason.unwrap_or_default();
    if !expected.starts {
        return Err(format!("expected not to start, got {status} {reason}"));
    }
    if Some(*status) != expected.status || Some(reason) != expected.reason.as_deref() {
        return Err(format!("expected {}, got {status} {reason}", wanted(expected)));
    }
    let Ok(told) = serde_json::from_str::<Value>(body) else {
        return Err(format!("the body is not JSON: {body}"));
    };
    if let Some(wanted) = &expected.body
        && serde_json::from_str::<Value>(wanted).ok().as_ref() != Some(&told)
    {
        return Err(format!("the body is {told}, not {wanted}"));
    }
    let challenged =
        answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer realm="));
    if *status == 401 && !challenged {
        return Err("a 401 without WWW-Authenticate".to_owned());
    }
    if answer.header("cache-control") != Some("no-store") {
        return Err("a refusal that may be stored".to_owned());
    }
    headers(&expected.headers, &expected.without, &answer.headers)
}

fn forwarded(
    suite: &Suite,
    expected: &Forwarded,
    sent: &Concrete,
    received: &Received,
) -> Result<(), String> {
    if let Some(target) = &expected.target
        && *target != received.target
    {
        return Err(format!("the origin was asked for {}, not {target}", received.target));
    }
    for (name, value) in expected.set.iter().chain(&expected.kept) {
        let (values, value) = (received.values(name), sent.fill(value));
        if values != [value.as_str()] {
            return Err(format!("`{name}` arrived as {values:?}, not {value:?}"));
        }
    }
    for name in &expected.removed {
        if !received.values(name).is_empty() {
            return Err(format!("`{name}` reached the origin"));
        }
    }
    let reported = received.response.iter().find(|(name, _)| name == REASON).map(|(_, reason)| reason);
    if reported != expected.reported.as_ref() {
        return Err(format!("the response reports {reported:?}, not {:?}", expected.reported));
    }
    headers(&expected.response, &expected.response_without, &received.response)?;
    let sent_body = sent.body.as_deref().unwrap_or_default();
    if let Some(body) = received.body.as_deref().filter(|body| *body != sent_body.as_bytes()) {
        return Err(format!("{} bytes of a body arrived, not the {} sent", body.len(), sent_body.len()));
    }
    let arrived = received.values("authorization");
    let original = sent.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let original = original.map(|(_, value)| value.as_str());
    match expected.credential.as_deref() {
        None => {}
        // A refusal that is only reported goes on as it came.
        Some("forward") if expected.reported.is_some() && arrived.as_slice() == original.as_slice() => {}
        Some("forward") if arrived == original.map(normal_form).as_slice() => {}
        Some("swap") if arrived.len() == 1 && arrived.first().copied() != original => {}
        Some("strip") if arrived.is_empty() && received.values("x-api-key").is_empty() => {}
        Some(fate) => return Err(format!("the credential was not treated as `{fate}`")),
    }
    match &expected.minted {
        Some(claims) => minted(suite, claims, arrived.first().copied().unwrap_or_default(), sent.now),
        None => Ok(()),
    }
}

/// The one form in which a credential reaches the origin.
fn normal_form(authorization: &str) -> String {
    let first = authorization.split(',').next().unwrap_or_default();
    match first.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            format!("Bearer {}", token.trim_start())
        }
        _ => format!("Bearer {first}"),
    }
}

/// Verifies the token minted for the origin with another implementation, and compares its claims.
fn minted(suite: &Suite, expected: &Value, authorization: &str, now: u64) -> Result<(), String> {
    let token = authorization.strip_prefix("Bearer ").ok_or("no token was minted")?;
    let secret = suite.secret("ORIGIN_SECRET").map_err(|error| error.to_string())?;
    let claims = HS256Key::from_bytes(secret.as_bytes())
        .verify_token::<Value>(token, None)
        .map_err(|error| format!("the minted token does not verify: {error}"))?;
    let expires_at = claims.expires_at.map_or(0, |time| time.as_secs());
    if !(now + 1..=now + 120).contains(&expires_at) {
        return Err(format!("the minted token expires at {expires_at}, and it is {now}"));
    }
    // 16 bytes in base64url.
    let is_identifier = |id: &str| {
        id.len() == 22 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if !claims.jwt_id.as_deref().is_some_and(is_identifier) {
        return Err(format!("the minted token has {:?} as its `jti`", claims.jwt_id));
    }
    let mut found = claims.custom;
    if let (Some(members), Some(subject)) = (found.as_object_mut(), claims.subject) {
        members.insert("sub".to_owned(), subject.into());
    }
    if found == *expected { Ok(()) } else { Err(format!("the minted token says {found}, not {expected}")) }
}
