//! `portcullis policy test`: a policy against decisions written down as data.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use portcullis_analysis::answer::Answer;
use portcullis_analysis::expectations::{Difference, Expectations, TestReport};

use super::load;
use crate::output::{self, Failure, Outcome, counted, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Expected decisions.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let path = &arguments.file;
    let located = |message: &str| printable(&format!("{}: {message}", path.display()));
    let expectations =
        Expectations::parse(&load::file("FILE", path)?).map_err(|error| located(&error.to_string()))?;
    let config = path.parent().unwrap_or(Path::new("")).join(&expectations.config);
    let gate = load::gate("FILE", &config)?;

    let report = TestReport::of(&gate, &expectations);
    let unknown = report.unknown_roles.iter().map(|unknown| {
        let message = format!("{}: the policy has no role \"{}\"", unknown.case, unknown.role);
        format!("note: {}", located(&message))
    });
    let text = if json { output::json(&report)? } else { render(&report) };
    let code = u8::from(!report.failed.is_empty());
    Ok(Outcome::success(text).with_notes(unknown.collect()).with_code(code))
}

fn render(report: &TestReport) -> String {
    let mut text = String::new();
    for Difference { case, caller, request, expected, actual } in &report.failed {
        let shown = |answer: &Answer| match answer.reason {
            Some(reason) => format!("{} ({reason})", answer.decision),
            None => answer.decision.to_owned(),
        };
        let (expected, actual) = (shown(expected), shown(actual));
        let (caller, request) = (printable(caller), printable(request));
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "✗ {case}: {caller}, {request}: expected {expected}, got {actual}");
    }
    let all = report.passed.saturating_add(report.failed.len());
    let _ = writeln!(text, "{} of {} as expected", report.passed, counted(all, "decision", "decisions"));
    text
}
