//! The shared case files, `tests/cases/*.json`, played through every host.
//!
//! A case is a configuration, a request and what must become of it. Times in tokens are relative, because a real host
//! has a real clock. A host that answers differently from the others fails.

mod component;
mod expect;
mod hosts;
mod player;
mod signer;
pub(crate) mod suite;
mod token;
mod wire;

use std::collections::BTreeSet;

use anyhow::Context as _;
use comfy_table::{Cell, Color, Table, presets};
use portcullis::Reason;

use crate::demo::Summary;
use crate::step::step;

use hosts::Host;
use suite::Suite;

/// Reasons that only a defect gives: the checks of each host force a trap.
const NOT_BY_A_CASE: &[Reason] = &[Reason::Internal];

/// What came of the cases, and a table of cases by host.
struct Report {
    summary: Summary,
    table: String,
}

/// Plays every case on every host and prints the table.
///
/// # Errors
///
/// If a host does not start, or the files are broken.
pub(crate) fn check() -> anyhow::Result<Summary> {
    let suite = load()?;
    every_reason_has_a_case(&suite)?;
    let mut hosts = hosts::all(&suite)?;
    let report = step("play the cases", |_| play(&suite, &mut hosts))?;
    println!("{}", report.table);
    Ok(report.summary)
}

/// Plays every case on every host of `hosts`.
fn play(suite: &Suite, hosts: &mut [Box<dyn Host>]) -> anyhow::Result<Report> {
    let files: BTreeSet<&str> = suite.cases.iter().map(|case| case.file.as_str()).collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["host"].into_iter().chain(files.iter().copied()).chain(["all"]));
    let mut summary = Summary::default();
    for host in hosts.iter_mut() {
        let mut cells = vec![Cell::new(host.name())];
        let mut of_host = (0, 0);
        for file in &files {
            let mut of_file = (0, 0);
            for case in suite.cases.iter().filter(|case| case.file == *file) {
                let concrete = suite.concrete(case, now_secs())?;
                let outcome = match host.play(suite, case, &concrete) {
                    Ok(seen) => expect::check(suite, case, host.name(), &concrete, &seen),
                    Err(error) => Err(format!("the host failed: {error:#}")),
                };
                of_file.1 += 1;
                of_file.0 += usize::from(outcome.is_ok());
                let failure = |difference| format!("{}: {file}: {}: {difference}", host.name(), case.name);
                summary.count(outcome.err().map(failure));
            }
            cells.push(score(of_file));
            of_host = (of_host.0 + of_file.0, of_host.1 + of_file.1);
        }
        cells.push(score(of_host));
        table.add_row(cells);
    }
    Ok(Report { summary, table: table.to_string() })
}

fn score((passed, all): (usize, usize)) -> Cell {
    let cell = Cell::new(format!("{passed}/{all}"));
    if passed == all { cell.fg(Color::Green) } else { cell.fg(Color::Red) }
}

/// Checks that the cases leave no reason out.
fn every_reason_has_a_case(suite: &Suite) -> anyhow::Result<()> {
    let covered: BTreeSet<&str> =
        suite.cases.iter().filter_map(|case| case.expect.reason.as_deref()).collect();
    for reason in Reason::ALL {
        match (covered.contains(reason.code()), NOT_BY_A_CASE.contains(reason)) {
            (false, false) => anyhow::bail!("no case in tests/cases expects the reason `{reason}`"),
            (true, true) => {
                anyhow::bail!("a case expects `{reason}`: take it off the list of excused reasons")
            }
            _ => {}
        }
    }
    Ok(())
}

fn now_secs() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// The case files of this workspace.
pub(crate) fn load() -> anyhow::Result<Suite> {
    Suite::load(&crate::root::root().join("tests/cases")).context("tests/cases")
}

#[cfg(test)]
mod tests {
    use super::{every_reason_has_a_case, load};

    #[test]
    fn there_are_enough_cases_and_every_reason_has_one() {
        let suite = load().expect("the case files load");
        assert!(suite.cases.len() >= 150);
        every_reason_has_a_case(&suite).expect("no reason is left out");
    }
}
