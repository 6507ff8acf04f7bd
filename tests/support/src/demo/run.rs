//! Runs the script: sends each request, and asks gate and origin what they made of it.

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use super::script::{Credential, Expected, ROWS, Row};
use super::stage::{Origin, Stage};
use crate::client::{self, Request, Response};
use crate::patience::PATIENCE;
use crate::summary::Summary;

/// What became of the script.
pub struct Outcome {
    /// Every request, in order.
    pub rows: Vec<RowOutcome>,
    /// All checks.
    pub summary: Summary,
}

/// What became of one request.
pub struct RowOutcome {
    /// The request.
    pub row: &'static Row,
    /// Status code.
    pub status: u16,
    /// The reason in the gate's log; `None` if it allowed the request.
    pub reason: Option<String>,
    /// What the origin saw, if the request reached it.
    pub seen: Option<Seen>,
    /// What is not as expected, if anything.
    pub failure: Option<String>,
}

/// What the origin saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Path and query.
    pub target: String,
    /// Whom it took the caller for, where it tells.
    pub identity: Option<String>,
}

/// Runs all rows.
///
/// # Errors
///
/// If the gate or the origin cannot be asked.
pub fn all(stage: &Stage, runtime: &Runtime) -> Result<Outcome> {
    let mut rows = Vec::new();
    for (index, row) in ROWS.iter().enumerate() {
        rows.push(run(stage, runtime, row, index)?);
    }
    let mut summary = Summary::default();
    for (number, outcome) in (1..).zip(&rows) {
        summary.count(outcome.failure.as_ref().map(|failure| format!("row {number}: {failure}")));
    }
    let allowed = ROWS.iter().filter(|row| matches!(row.expected, Expected::Allowed { .. })).count();
    let total = arrived(&stage.origin)?;
    if total != allowed {
        summary.failed.push(format!("{total} requests reached the origin, not {allowed}"));
    }
    Ok(Outcome { rows, summary })
}

fn run(stage: &Stage, runtime: &Runtime, row: &'static Row, index: usize) -> Result<RowOutcome> {
    let arrived_before = arrived(&stage.origin)?;
    let response = runtime.block_on(client::send(stage.gate.address(), &request(stage, row)?))?;
    let decisions = stage.gate.wait_for_decisions(index + 1, PATIENCE);
    let reason = decisions
        .get(index)
        .with_context(|| {
            format!("the gate logged nothing about request {}:\n{}", index + 1, stage.gate.log())
        })?
        .get("reason")
        .and_then(|reason| reason.as_str())
        .map(str::to_owned);
    let (seen, misled) = seen(stage, arrived_before, &response, &row.expected)?;
    let failure =
        misled.or_else(|| difference(stage, row, response.status, reason.as_deref(), seen.as_ref()));
    Ok(RowOutcome { row, status: response.status, reason, seen, failure })
}

fn request(stage: &Stage, row: &Row) -> Result<Request> {
    let mut request = Request::new(row.method, row.target);
    match row.credential {
        Credential::Nothing => {}
        Credential::Bearer(pass) => request = request.bearer(&stage.token(pass)?),
        Credential::TwoBearers(first, second) => {
            request = request.bearer(&stage.token(first)?).bearer(&stage.token(second)?);
        }
        Credential::ApiKey => request = request.header("X-API-Key", &stage.api_key),
    }
    for (name, value) in row.headers {
        request = request.header(name, value);
    }
    Ok(match row.body {
        Some(body) => request.json(body),
        None => request,
    })
}

/// How many requests have reached the origin.
fn arrived(origin: &Origin) -> Result<usize> {
    Ok(match origin {
        Origin::Builtin(server) => server.arrivals().len(),
        Origin::Agentflow(server) => server.arrivals()?.len(),
    })
}

/// What the origin saw since it had seen `before` requests, and what is wrong with it in itself.
fn seen(
    stage: &Stage,
    before: usize,
    response: &Response,
    expected: &Expected,
) -> Result<(Option<Seen>, Option<String>)> {
    match &stage.origin {
        Origin::Builtin(server) => {
            let arrivals = server.arrivals();
            let Some(arrival) = arrivals.get(before) else { return Ok((None, None)) };
            let subject = arrival.identity.as_ref().map(|(subject, _)| subject.as_str());
            let told: Vec<&str> = arrival.header("x-auth-subject").collect();
            let misled = (told != Vec::from_iter(subject))
                .then(|| format!("the origin's token says {subject:?}, but X-Auth-Subject {told:?}"))
                .or_else(|| {
                    let twin = arrival.headers.iter().find(|(name, _)| name.contains('_'))?;
                    Some(format!("a header that imitates another reached the origin: {}", twin.0))
                });
            let identity = arrival.identity.as_ref();
            let identity = identity.map(|(subject, roles)| format!("{subject} ({})", roles.join(", ")));
            Ok((Some(Seen { target: arrival.target.clone(), identity }), misled))
        }
        Origin::Agentflow(server) => {
            // The log line of a request that was allowed may come after its response.
            let allowed = matches!(expected, Expected::Allowed { .. });
            let arrivals = server.wait_for_arrivals(before + usize::from(allowed))?;
            let Some(arrival) = arrivals.get(before) else { return Ok((None, None)) };
            let target = arrival.split(' ').nth(1).unwrap_or_default().to_owned();
            // The fixture's answer ends with the user it was computed for.
            let text = response.text();
            let user = text.rsplit_once(" for ").map(|(_, user)| user);
            let user = user.map(|user| user.chars().take_while(char::is_ascii_alphanumeric).collect());
            Ok((Some(Seen { target, identity: user }), None))
        }
    }
}

/// What differs from the expectation, if anything does.
fn difference(
    stage: &Stage,
    row: &Row,
    status: u16,
    reason: Option<&str>,
    seen: Option<&Seen>,
) -> Option<String> {
    let (expected_status, expected_reason, expected_seen) = match row.expected {
        Expected::Refused { status, reason } => (status, Some(reason), None),
        Expected::Allowed { target, identity } => (200, None, Some((target, identity))),
    };
    if status != expected_status {
        return Some(format!("status {status} instead of {expected_status}"));
    }
    if reason != expected_reason {
        return Some(format!("reason {reason:?} instead of {expected_reason:?}"));
    }
    let as_expected = match (expected_seen, seen) {
        (None, None) => true,
        (Some((target, identity)), Some(seen)) => {
            let expected_identity = match &stage.origin {
                Origin::Builtin(_) => identity.map(|(subject, role)| format!("{subject} ({role})")),
                // Only the answers of a run tell for whom it was.
                Origin::Agentflow(_) => {
                    identity.filter(|_| target.starts_with("/v1/graph/")).map(|(user, _)| user.to_owned())
                }
            };
            seen.target == target && seen.identity == expected_identity
        }
        _ => false,
    };
    (!as_expected).then(|| format!("the origin saw {seen:?} instead of {expected_seen:?}"))
}
