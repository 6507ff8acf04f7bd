//! `portcullis token inspect`: what a token says, which proves nothing.
//!
//! Nothing here ever calls a token good: whoever reads the output must not take it for a check.

mod findings;
mod reading;

use core::fmt::Write as _;

use clap::Args;
use portcullis::UnixTime;
use serde::Serialize;
use serde_json::Value;

use crate::output::{self, Failure, Outcome, printable};
use crate::{input, time};
use findings::Findings;
use reading::{Content, Token};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The time that times are seen from, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The token; standard input if absent or `-`.
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'r> {
    signature: &'static str,
    kind: &'r str,
    header: &'r Content,
    claims: &'r Content,
    times: &'r [Instant],
    refusals: &'r [String],
    notes: &'r [String],
}

/// A claim that names an instant.
#[derive(Serialize)]
struct Instant {
    claim: &'static str,
    at: String,
    words: String,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    let Some(text) = input::token(arguments.token.as_deref())? else {
        let note = "not a token: it is not text".to_owned();
        return Ok(Outcome::success("").with_code(1).with_notes(vec![note]));
    };
    let mut findings = Findings::default();
    let Some(token) = Token::read(&text, &mut findings) else {
        let note = format!(
            "not a token: {} where a compact token has three, separated by dots",
            segments(text.split('.').count())
        );
        return Ok(Outcome::success("").with_code(1).with_notes(vec![note]));
    };
    findings.judge(&token, &text, now);
    let (kind, times) = (token.kind(), times(&token, now));
    let text = if json {
        output::json(&Report {
            signature: "not checked",
            kind,
            header: &token.header,
            claims: &token.claims,
            times: &times,
            refusals: &findings.refusals,
            notes: &findings.notes,
        })?
    } else {
        in_words(&token, kind, &times, &findings)
    };
    Ok(Outcome::success(printable(&text)))
}

fn segments(count: usize) -> String {
    if count == 1 { "1 segment".to_owned() } else { format!("{count} segments") }
}

/// The instants that the claims name, in words.
fn times(token: &Token, now: UnixTime) -> Vec<Instant> {
    [("iat", "issued"), ("nbf", "begins"), ("exp", "expires"), ("auth_time", "signed in")]
        .into_iter()
        .filter_map(|(claim, verb)| {
            let at = token.instant(claim)?;
            let verb = match claim {
                "exp" if at <= now => "expired",
                "nbf" if at <= now => "began",
                _ => verb,
            };
            let words = format!("{verb} {}", time::relative(at, now));
            Some(Instant { claim, at: at.to_rfc3339(), words })
        })
        .collect()
}

fn in_words(token: &Token, kind: &str, times: &[Instant], findings: &Findings) -> String {
    let mut text = String::from("SIGNATURE NOT CHECKED: anybody can have written this\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "\nkind\n  {kind}");
    for (name, content) in [("header", &token.header), ("claims", &token.claims)] {
        let _ = writeln!(text, "\n{name}");
        for line in content.to_string().lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if !times.is_empty() {
        text.push_str("\ntimes\n");
    }
    for Instant { claim, at, words } in times {
        let _ = writeln!(text, "  {claim:<10}{at}  {words}");
    }
    for (title, lines) in [("would be refused", &findings.refusals), ("worth knowing", &findings.notes)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for line in lines {
            let _ = writeln!(text, "  - {line}");
        }
    }
    text
}

impl Token {
    fn member<'t>(content: &'t Content, name: &str) -> Option<&'t Value> {
        match content {
            Content::Json(Value::Object(members)) => members.get(name),
            _ => None,
        }
    }

    fn header_member(&self, name: &str) -> Option<&Value> {
        Self::member(&self.header, name)
    }

    fn claim(&self, name: &str) -> Option<&Value> {
        Self::member(&self.claims, name)
    }
}
