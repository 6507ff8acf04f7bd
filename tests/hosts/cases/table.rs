//! The cases by host and file: how many of those that ran have passed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use comfy_table::{Cell, Color, Table, presets};

/// Counts outcomes while the tests run.
#[derive(Debug, Default)]
pub(crate) struct Scores(Mutex<BTreeMap<(&'static str, String), Score>>);

/// How many cases have passed, of how many.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    passed: usize,
    all: usize,
}

impl Scores {
    /// Counts a case.
    pub(crate) fn count(&self, host: &'static str, file: &str, passed: bool) {
        let mut scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let score = scores.entry((host, file.to_owned())).or_default();
        score.all += 1;
        score.passed += usize::from(passed);
    }

    /// The table, with the hosts in this order; none if no case ran.
    pub(crate) fn table(&self, hosts: &[&'static str]) -> Option<String> {
        let scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let files: BTreeSet<&str> = scores.keys().map(|(_, file)| file.as_str()).collect();
        if files.is_empty() {
            return None;
        }
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["host"].into_iter().chain(files.iter().copied()).chain(["all"]));
        for host in hosts {
            let of_file = |file: &&str| scores.get(&(*host, (*file).to_owned())).copied().unwrap_or_default();
            let of_files: Vec<Score> = files.iter().map(of_file).collect();
            let sum = |part: fn(&Score) -> usize| of_files.iter().map(part).sum();
            let all = Score { passed: sum(|score| score.passed), all: sum(|score| score.all) };
            if all.all > 0 {
                let row = of_files.iter().chain([&all]).map(cell);
                table.add_row([Cell::new(host)].into_iter().chain(row));
            }
        }
        Some(table.to_string())
    }
}

fn cell(score: &Score) -> Cell {
    let cell = Cell::new(format!("{}/{}", score.passed, score.all));
    if score.passed == score.all { cell.fg(Color::Green) } else { cell.fg(Color::Red) }
}
