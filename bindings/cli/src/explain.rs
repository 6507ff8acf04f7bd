//! `portcullis explain`: what the gate would do with a request, step by step.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis::{
    CredentialFate, Decision, HeaderPair, Principal, Reason, RequestHead, Step, Supply, Verdict,
};
use serde::Serialize;

use crate::environment::{Environment, notes};
use crate::output::{self, Failure, Outcome};
use crate::time;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File of `NAME=value` lines with secrets, used before the environment.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// A header of the request; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The time of the request, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The request, for example `GET /v1/threads?limit=10`.
    #[arg(value_name = "METHOD TARGET")]
    request: String,
}

/// The explanation, as `--json` prints it.
#[derive(Serialize)]
struct Explanation<'v> {
    decision: &'static str,
    status: Option<u16>,
    reason: Option<Reason>,
    principal: Option<&'v Principal>,
    route: Option<&'v str>,
    permission: Option<&'v str>,
    target: Option<&'v str>,
    credential: Option<CredentialFate>,
    set_headers: &'v [(String, String)],
    remove_headers: &'v [String],
    response_headers: &'v [(String, String)],
    response_body: Option<&'v str>,
    steps: Vec<Stage>,
}

/// One step of the decision.
#[derive(Serialize)]
struct Stage {
    step: &'static str,
    passed: bool,
    detail: String,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let (method, target) = arguments
        .request
        .split_once(' ')
        .ok_or("write the request as one argument: `portcullis explain … 'GET /v1/threads'`")?;
    let headers = arguments.headers.iter().map(|line| parse_header(line)).collect::<Result<Vec<_>, _>>()?;
    let now = time::instant("--at", arguments.at.as_deref())?;
    let gate = Environment::read(arguments.env_file.as_deref())?.load(&arguments.config)?;

    let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
    let head = RequestHead::new(method, target, &pairs).with_request_id("explain");
    let verdict = match gate.begin(&head, now) {
        Step::Verdict(verdict) => verdict,
        // This host has no store of records to ask.
        Step::Need(_) => match gate.resume(&head, now, &[Supply::Unavailable]) {
            Step::Verdict(verdict) => verdict,
            Step::Need(_) => return Err("the gate asked twice".to_owned()),
        },
    };
    let explanation = explain(&verdict);
    let text = if json { output::json(&explanation)? } else { in_words(&arguments.request, &explanation) };
    let notes = notes(&gate, &arguments.config);
    Ok(Outcome::success(text).with_notes(notes).with_code(if explanation.decision == "allow" {
        0
    } else {
        1
    }))
}

fn parse_header(line: &str) -> Result<(&str, &str), Failure> {
    let (name, value) = line.split_once(':').ok_or("-H: write a header as 'Name: value'")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("-H: write a header as 'Name: value', with no space before the colon".to_owned());
    }
    Ok((name, value.trim()))
}

fn explain(verdict: &Verdict) -> Explanation<'_> {
    let record = &verdict.record;
    let base = Explanation {
        decision: "deny",
        status: None,
        reason: record.reason,
        principal: record.principal.as_ref(),
        route: record.route.as_deref(),
        permission: record.permission.as_deref(),
        target: None,
        credential: None,
        set_headers: &[],
        remove_headers: &[],
        response_headers: &[],
        response_body: None,
        steps: stages(verdict),
    };
    match &verdict.decision {
        Decision::Allow(forward) => Explanation {
            decision: "allow",
            target: Some(&forward.target),
            credential: Some(forward.credential),
            set_headers: &forward.set_headers,
            remove_headers: &forward.remove_headers,
            ..base
        },
        Decision::Deny(answer) => Explanation {
            status: Some(answer.status),
            response_headers: &answer.headers,
            response_body: Some(&answer.body),
            ..base
        },
    }
}

/// What is known to have happened, in order; the step that refused comes last.
fn stages(verdict: &Verdict) -> Vec<Stage> {
    let record = &verdict.record;
    let mut stages = Vec::new();
    let mut passed = |step, detail: String| stages.push(Stage { step, passed: true, detail });
    if let Some(path) = &record.path {
        passed("path", format!("normal form {path}"));
    }
    if let Some(route) = &record.route {
        passed(
            "route",
            match &record.permission {
                Some(permission) => format!("{route} asks for {permission}"),
                None => route.clone(),
            },
        );
    }
    if let Some(place) = record.place {
        passed("credential", format!("one, in {}", place.describe()));
    }
    if let Some(principal) = &record.principal {
        let key = principal.proof.key_id().map_or(String::new(), |id| format!(", key {id}"));
        let roles =
            if principal.roles.is_empty() { "no role".to_owned() } else { principal.roles.join(", ") };
        passed("authenticate", format!("{} with {roles}{key}", principal.subject.escape_debug()));
    }
    if let Some(binding) = &record.binding {
        stages.push(Stage { step: "binding", passed: false, detail: format!("{binding} does not hold") });
    }
    match (&record.error, &verdict.decision) {
        (Some(error), _) => {
            let reason = record.reason.map_or("internal", Reason::code);
            stages.push(Stage { step: "refused", passed: false, detail: format!("{reason}: {error}") });
        }
        (None, Decision::Allow(forward)) => {
            stages.push(Stage { step: "forward", passed: true, detail: forward.target.clone() });
        }
        (None, Decision::Deny(_)) => {}
    }
    stages
}

fn in_words(request: &str, explanation: &Explanation<'_>) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = match (explanation.status, explanation.reason) {
        (Some(status), Some(reason)) => writeln!(text, "DENY   {request} → {status} {reason}"),
        _ => writeln!(text, "ALLOW  {request}"),
    };
    for stage in &explanation.steps {
        let mark = if stage.passed { "✓" } else { "✗" };
        let _ = writeln!(text, "  {mark} {:<13}{}", stage.step, stage.detail);
    }
    for name in explanation.remove_headers {
        let _ = writeln!(text, "      remove   {name}");
    }
    for (name, value) in explanation.set_headers {
        // Terminals are recorded and shared: a credential for the origin is not for them.
        let shown = match name.as_str() {
            "authorization" | "sec-websocket-protocol" => "(a credential for the origin)",
            _ => value,
        };
        let _ = writeln!(text, "      set      {name}: {shown}");
    }
    if let Some((_, challenge)) =
        explanation.response_headers.iter().find(|(name, _)| name == "www-authenticate")
    {
        let _ = writeln!(text, "      answer   WWW-Authenticate: {challenge}");
    }
    if let Some(body) = explanation.response_body {
        let _ = writeln!(text, "      answer   {body}");
    }
    text
}
