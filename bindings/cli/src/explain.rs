//! `portcullis explain`: what the gate would do with a request, step by step.
//!
//! The gate decides, once. What is said about it comes from its verdict, and from questions to the gate about what the
//! verdict rests on; nothing is decided here.

mod nearest;
mod remedy;
mod request;
mod trace;
mod words;

use std::path::PathBuf;

use clap::Args;
use portcullis::{
    CredentialFate, Decision, Gate, Need, Principal, Reason, RequestHead, Step, SurveyedCredential,
    SurveyedHead, SurveyedRoute, UnixTime, Verdict,
};
use serde::Serialize;

use crate::environment::{Environment, notes};
use crate::output::{self, Failure, Outcome};
use crate::time;
use request::Request;
use trace::Stage;

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
    /// File with the body of the request, for routes that are decided by it.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
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
    /// Whether the refusal is only reported, and the request goes on.
    reported: bool,
    principal: Option<&'v Principal>,
    route: Option<&'v str>,
    permission: Option<&'v str>,
    target: Option<&'v str>,
    credential: Option<CredentialFate>,
    set_headers: Vec<(&'v str, &'v str)>,
    remove_headers: &'v [String],
    response_headers: &'v [(String, String)],
    response_body: Option<&'v str>,
    steps: Vec<Stage>,
    /// The shortest change that would let the request in.
    remedy: Option<String>,
}

/// A decision, and what it rests on.
struct Decided<'d> {
    gate: &'d Gate,
    request: &'d Request<'d>,
    head: &'d RequestHead<'d>,
    now: UnixTime,
    verdict: &'d Verdict,
    reading: SurveyedHead,
    route: Option<SurveyedRoute<'d>>,
    credential: Option<SurveyedCredential<'d>>,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let request = Request::read(&arguments.request, &arguments.headers, arguments.body.as_deref())?;
    let now = time::instant("--at", arguments.at.as_deref())?;
    let gate = Environment::read(arguments.env_file.as_deref())?.load(&arguments.config)?;
    let mut notes = notes(&gate, &arguments.config);

    let pairs = request.pairs();
    let head = RequestHead::new(request.method, request.target, &pairs).with_request_id("explain");
    let mut supplies = Vec::new();
    let mut reads_body = false;
    let verdict = loop {
        match gate.resume(&head, now, &supplies) {
            Step::Verdict(verdict) => break verdict,
            Step::Need(need) => {
                reads_body |= matches!(need, Need::Body { .. });
                supplies.push(request.supply(&need));
            }
        }
    };
    notes.extend(request.note_on_body(reads_body).map(str::to_owned));
    let decided = Decided::about(&gate, &request, &head, now, &verdict);
    let explanation = explain(&decided);
    let text =
        if json { output::json(&explanation)? } else { words::in_words(&gate, &request, &explanation) };
    let code = if explanation.decision == "allow" { 0 } else { 1 };
    Ok(Outcome::success(text).with_notes(notes).with_code(code))
}

impl<'d> Decided<'d> {
    fn about(
        gate: &'d Gate,
        request: &'d Request<'d>,
        head: &'d RequestHead<'d>,
        now: UnixTime,
        verdict: &'d Verdict,
    ) -> Self {
        let record = &verdict.record;
        let route = record.route.as_deref();
        Self {
            gate,
            request,
            head,
            now,
            verdict,
            reading: gate.survey_head(head),
            route: route.and_then(|text| gate.routes().find(|route| route.text() == text)),
            // Only if the gate took it out of the request: on a public route nobody looks at one.
            credential: record.place.and_then(|_| gate.survey_credential(head, now)),
        }
    }
}

fn explain<'d>(decided: &Decided<'d>) -> Explanation<'d> {
    let record = &decided.verdict.record;
    let base = Explanation {
        decision: "deny",
        status: None,
        reported: false,
        reason: record.reason,
        principal: record.principal.as_ref(),
        route: record.route.as_deref(),
        permission: record.permission.as_deref(),
        target: None,
        credential: None,
        set_headers: Vec::new(),
        remove_headers: &[],
        response_headers: &[],
        response_body: None,
        steps: trace::stages(decided),
        remedy: remedy::remedy(decided),
    };
    match &decided.verdict.decision {
        Decision::Allow(forward) => Explanation {
            // A refusal that is only reported is one, but for what becomes of the request.
            decision: if record.reported { "deny" } else { "allow" },
            status: record.reason.map(Reason::status),
            reported: record.reported,
            target: Some(&forward.target),
            credential: Some(forward.credential),
            set_headers: forward.set_headers.iter().map(|(name, value)| shown(name, value)).collect(),
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

/// A header for the origin. Terminals and logs are kept and shared: a credential is not for them.
fn shown<'h>(name: &'h str, value: &'h str) -> (&'h str, &'h str) {
    match name {
        "authorization" | "sec-websocket-protocol" => (name, "(a credential for the origin)"),
        _ => (name, value),
    }
}
