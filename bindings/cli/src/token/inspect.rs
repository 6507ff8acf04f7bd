//! `portcullis token inspect`: what a token says, which proves nothing.

use core::fmt::Write as _;

use clap::Args;
use portcullis_analysis::token::{Instant, TokenInspection};

use crate::output::{self, Failure, Outcome, printable};
use crate::{input, time};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The time that times are seen from, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The token; standard input if absent or `-`.
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let now = time::instant("--at", arguments.at.as_deref())?;
    let nothing =
        |why: String| Ok(Outcome::success("").with_code(1).with_notes(vec![format!("not a token: {why}")]));
    let Some(text) = input::token(arguments.token.as_deref())? else {
        return nothing("it is not text".to_owned());
    };
    let Some(inspection) = TokenInspection::of(&text, now) else {
        let segments = segments(text.split('.').count());
        return nothing(format!("{segments} where a compact token has three, separated by dots"));
    };
    let text = if json { output::json(&inspection)? } else { render(&inspection) };
    Ok(Outcome::success(printable(&text)))
}

fn segments(count: usize) -> String {
    if count == 1 { "1 segment".to_owned() } else { format!("{count} segments") }
}

fn render(inspection: &TokenInspection) -> String {
    let TokenInspection { kind, header, claims, times, refusals, notes, .. } = inspection;
    let mut text = String::from("SIGNATURE NOT CHECKED: anybody can have written this\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "\nkind\n  {kind}");
    for (name, content) in [("header", header), ("claims", claims)] {
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
    for (title, lines) in [("would be refused", refusals), ("worth knowing", notes)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for line in lines {
            let _ = writeln!(text, "  - {line}");
        }
    }
    text
}
