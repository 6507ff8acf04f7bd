//! `portcullis token verify`: everything the gate does to a token, without a request around it.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis::{AuthError, Principal, Proof, Reason, TokenError, UnixTime};
use portcullis_analysis::duration;
use portcullis_analysis::principal::PrincipalReport;
use serde::Serialize;

use crate::environment::{Environment, notes};
use crate::fetch;
use crate::output::{self, Failure, Outcome, printable};
use crate::{input, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File of `NAME=value` lines with secrets, used before the environment.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The time of the check, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    fetch: fetch::Arguments,
    /// The token; standard input if absent or `-`.
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'r> {
    valid: bool,
    reason: Option<Reason>,
    detail: Option<String>,
    principal: Option<PrincipalReport<'r>>,
    valid_until: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    let configuration = Environment::read(arguments.env_file.as_deref())?.compile(&arguments.config)?;
    let mut notes = notes(&configuration, &arguments.config);
    let text = input::token(arguments.token.as_deref())?;
    input::check_is_bare(text.as_deref().unwrap_or_default())?;
    let gate = match arguments.fetch.fetcher()? {
        None => configuration.gate,
        Some(fetcher) => {
            let fetched = fetcher.keys(&configuration.gate, now);
            notes.extend(fetch::failures(&fetched));
            notes.extend(fetcher.into_notes());
            fetched.gate
        }
    };
    let verdict = match &text {
        Some(text) => gate.verify(text, now),
        None => Err(AuthError::from(TokenError::NotBase64Url)),
    };
    let code = if verdict.is_ok() { 0 } else { 1 };
    let output = match &verdict {
        verdict if json => {
            let principal = verdict.as_deref().ok();
            output::json(&Report {
                valid: principal.is_some(),
                reason: verdict.as_ref().err().map(AuthError::reason),
                detail: verdict.as_ref().err().map(ToString::to_string),
                principal: principal.map(PrincipalReport::from),
                valid_until: principal.and_then(Principal::valid_until).map(UnixTime::to_rfc3339),
            })?
        }
        Ok(principal) => render(principal, now),
        Err(error) => {
            notes.insert(0, printable(&format!("{}: {error}", error.reason())));
            String::new()
        }
    };
    Ok(Outcome::success(output).with_code(code).with_notes(notes))
}

fn render(principal: &Principal, now: UnixTime) -> String {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let issuer = match principal.proof() {
        Proof::Token { issuer, .. } | Proof::Asked { issuer } => issuer.as_deref(),
        Proof::ApiKey { .. } => None,
    };
    let mut lines = vec![
        ("subject", principal.subject().to_owned()),
        ("roles", list(principal.roles())),
        ("scopes", principal.scopes().map_or_else(|| "none declared".to_owned(), list)),
        ("tenant", or_none(principal.tenant())),
        ("issuer", or_none(issuer)),
        ("key", or_none(principal.proof().key_id())),
    ];
    if let Some(end) = principal.valid_until() {
        lines.push(("valid until", format!("{}, {}", end.to_rfc3339(), duration::relative(end, now))));
    }
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{name:<13}{}", printable(&value).replace('\n', "\\n"));
    }
    text
}
