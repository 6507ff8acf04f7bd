//! `portcullis policy test`: a policy against decisions written down as data.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::{AssumedCaller, Gate, HeaderPair};
use serde::Serialize;

use super::caller::{Answer, counted};
use super::cases::{Case, CaseCaller, Expectations, KnownBy};
use super::load;
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Expected decisions.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The result, as `--json` prints it.
#[derive(Serialize)]
struct Report<'a> {
    passed: usize,
    failed: Vec<Difference<'a>>,
}

/// A decision that is not the expected one.
#[derive(Serialize)]
struct Difference<'a> {
    /// JSON pointer of the case.
    case: String,
    caller: String,
    request: &'a str,
    expected: Answer,
    actual: Answer,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let path = &arguments.file;
    let wrong = |message: String| printable(&format!("{}: {message}", path.display()));
    let expectations = Expectations::parse(&load::file("FILE", path)?).map_err(wrong)?;
    let config = path.parent().unwrap_or(Path::new("")).join(&expectations.config);
    let gate = load::gate("FILE", &config)?;

    let mut report = Report { passed: 0, failed: Vec::new() };
    let mut notes = Vec::new();
    for (index, case) in expectations.cases.iter().enumerate() {
        let pointer = format!("/cases/{index}");
        for role in case.caller.roles() {
            if !gate.roles().any(|known| known == role) {
                notes.push(format!(
                    "note: {}",
                    wrong(format!("{pointer}: the policy has no role \"{role}\""))
                ));
            }
        }
        let actual = decide(&gate, case);
        if actual.allowed() == case.allowed && (case.reason.is_none() || case.reason == actual.reason) {
            report.passed = report.passed.saturating_add(1);
        } else {
            let decision = if case.allowed { "allow" } else { "deny" };
            report.failed.push(Difference {
                case: pointer,
                caller: label(case),
                request: &case.request,
                expected: Answer { decision, reason: case.reason },
                actual,
            });
        }
    }
    let text = if json { output::json(&report)? } else { in_words(&report) };
    Ok(Outcome::success(text).with_notes(notes).with_code(u8::from(!report.failed.is_empty())))
}

fn decide(gate: &Gate, case: &Case) -> Answer {
    let mut caller = match &case.caller {
        CaseCaller::One(who) => who.assume(gate),
        CaseCaller::Roles(roles) => AssumedCaller::with_roles(roles),
    };
    let KnownBy { subject, tenant, claims } = &case.known_by;
    if let Some(subject) = subject {
        caller = caller.with_subject(subject);
    }
    if let Some(tenant) = tenant {
        caller = caller.with_tenant(tenant);
    }
    if let Some(claims) = claims {
        caller = caller.with_claims(claims.clone());
    }
    let headers: Vec<_> = case.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
    let body = case.body.as_ref().map(|body| serde_json::to_vec(body).unwrap_or_default());
    gate.survey_bound(&case.method, &case.target, &headers, body.as_deref(), &caller).into()
}

fn label(case: &Case) -> String {
    let who = match &case.caller {
        CaseCaller::One(who) => who.label(),
        CaseCaller::Roles(roles) => printable(&format!("[{}]", roles.join(", "))),
    };
    match &case.known_by.subject {
        Some(subject) => printable(&format!("{subject} ({who})")),
        None => who,
    }
}

fn in_words(report: &Report<'_>) -> String {
    let mut text = String::new();
    for Difference { case, caller, request, expected, actual } in &report.failed {
        let shown = |answer: &Answer| match answer.reason {
            Some(reason) => format!("{} ({reason})", answer.decision),
            None => answer.decision.to_owned(),
        };
        let (expected, actual) = (shown(expected), shown(actual));
        let request = printable(request);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "✗ {case}: {caller}, {request}: expected {expected}, got {actual}");
    }
    let all = report.passed.saturating_add(report.failed.len());
    let _ = writeln!(text, "{} of {} as expected", report.passed, counted(all, "decision", "decisions"));
    text
}
