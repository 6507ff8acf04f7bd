//! `portcullis policy diff`: what becomes allowed and what becomes denied.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis_analysis::diff::{PolicyDiff, ReportModes};

use super::load;
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The configuration as it is.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The configuration as it is to become.
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let old = load::gate("OLD", &arguments.old)?;
    let new = load::gate("NEW", &arguments.new)?;
    let diff = PolicyDiff::between(&old, &new).map_err(|error| error.to_string())?;
    let text = if json { output::json(&diff)? } else { render(&diff) };
    Ok(Outcome::success(text).with_code(u8::from(diff.opens())))
}

fn render(diff: &PolicyDiff) -> String {
    let mut text = match diff.reports {
        ReportModes { old: false, new: true } => {
            "everything becomes allowed: the new configuration only reports refusals\n".to_owned()
        }
        ReportModes { old: true, new: false } => {
            "refusals are enforced from now on, and were only reported\n".to_owned()
        }
        _ => String::new(),
    };
    for (title, changes) in [("becomes allowed", &diff.allowed), ("becomes denied", &diff.denied)] {
        if changes.is_empty() {
            continue;
        }
        let rows: Vec<(String, String)> =
            changes.iter().map(|change| (printable(&change.label()), printable(&change.route))).collect();
        let width = |column: fn(&(String, String)) -> &String| {
            rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
        };
        let (first, second) = (width(|row| &row.0), width(|row| &row.1));
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{title} ({})", changes.len());
        for ((who, route), change) in rows.iter().zip(changes) {
            let (old, new) = (change.old.code(), change.new.code());
            let _ = writeln!(text, "  {who:<first$}  {route:<second$}  {old} → {new}");
        }
    }
    if diff.allowed.is_empty() && diff.reports.old == diff.reports.new {
        let both = if diff.denied.is_empty() { " or denied" } else { "" };
        let _ = writeln!(text, "nothing becomes allowed{both}");
    }
    text
}
