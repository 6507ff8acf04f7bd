//! `portcullis policy diff`: what becomes allowed and what becomes denied.

mod compare;

use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use self::compare::{Change, Comparison};
use super::caller::Who;
use super::load;
use super::shape::{Sampler, Shape, with_intersections};
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

/// The comparison, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    allowed: Vec<Change>,
    denied: Vec<Change>,
    /// Whether each configuration only reports refusals, and so lets every request in.
    reports: Both,
}

#[derive(Serialize)]
struct Both {
    old: bool,
    new: bool,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let old = load::gate("OLD", &arguments.old)?;
    let new = load::gate("NEW", &arguments.new)?;
    let roles: BTreeSet<&str> = old.roles().chain(new.roles()).collect();
    let mut written: BTreeSet<Shape> =
        old.routes().chain(new.routes()).map(|route| Shape::of(&route)).collect();
    if old.ignores_trailing_slash() != new.ignores_trailing_slash() {
        let both: Vec<Shape> = written.iter().flat_map(Shape::with_and_without_slash).collect();
        written.extend(both);
    }
    let (all, parts) = with_intersections(&written)?;
    let mut comparison = Comparison::new(&old, &new, Who::all(roles), Sampler::new(all.iter()));
    for shape in &written {
        comparison.written(shape)?;
    }
    // The wider first, so that the narrower need not be told again.
    for open in [true, false] {
        for shape in all.difference(&written).filter(|shape| shape.is_open() == open) {
            comparison.derived(shape, parts.get(shape))?;
        }
    }
    let (allowed, denied) = comparison.changes.into_iter().partition(Change::allows);
    let reports = Both { old: old.only_reports(), new: new.only_reports() };
    let report = Report { allowed, denied, reports };
    let text = if json { output::json(&report)? } else { in_words(&report) };
    let opens = report.reports.new && !report.reports.old;
    Ok(Outcome::success(text).with_code(u8::from(opens || !report.allowed.is_empty())))
}

fn in_words(report: &Report) -> String {
    let mut text = match report.reports {
        Both { old: false, new: true } => {
            "everything becomes allowed: the new configuration only reports refusals\n".to_owned()
        }
        Both { old: true, new: false } => {
            "refusals are enforced from now on, and were only reported\n".to_owned()
        }
        _ => String::new(),
    };
    for (title, changes) in [("becomes allowed", &report.allowed), ("becomes denied", &report.denied)] {
        if changes.is_empty() {
            continue;
        }
        let rows: Vec<(String, String)> =
            changes.iter().map(|change| (change.label(), printable(&change.route))).collect();
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
    if report.allowed.is_empty() && report.reports.old == report.reports.new {
        let both = if report.denied.is_empty() { " or denied" } else { "" };
        let _ = writeln!(text, "nothing becomes allowed{both}");
    }
    text
}
