//! What came of it, by host and class: on the terminal, and as JSON.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::options::Options;
use crate::play::{Outcome, Tally};
use crate::{classes, hosts};

const COLUMNS: [&str; 6] = ["sent", "let in", "refused", "bypasses", "wrong refusals", "5xx"];

/// Collects outcomes while the tests run.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By host, system and class.
    tallies: BTreeMap<(&'static str, &'static str, &'static str), Tally>,
    /// How often what went wrong, by host.
    failures: BTreeMap<(&'static str, String), usize>,
}

impl Tallies {
    pub(crate) fn add(&self, host: &'static str, system: &'static str, outcome: &Outcome) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (class, tally) in &outcome.by_class {
            known.tallies.entry((host, system, class)).or_default().add(tally);
        }
        for (what, (times, _)) in &outcome.failures {
            *known.failures.entry((host, what.clone())).or_default() += times;
        }
    }

    /// The sum over every host and class that `fits`; none if there is nothing.
    fn sum(&self, fits: impl Fn(&str, &str) -> bool) -> Option<Tally> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Tally::default();
        let fitting = known.tallies.iter().filter(|((host, _, class), _)| fits(host, class));
        fitting.for_each(|(_, tally)| sum.add(tally));
        (sum.sent > 0).then_some(sum)
    }

    fn rows(&self) -> Vec<[String; 8]> {
        let mut rows = Vec::new();
        for host in hosts::NAMES {
            for class in classes::ALL {
                let sum = self.sum(|h, c| h == host && c == class.name);
                rows.extend(sum.map(|sum| row(host, class.name, &sum)));
            }
            rows.extend(self.sum(|h, _| h == host).map(|sum| row(host, "all", &sum)));
        }
        rows
    }

    /// By host and class; none if no variant was sent.
    pub(crate) fn table(&self) -> Option<String> {
        let rows = self.rows();
        if rows.is_empty() {
            return None;
        }
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["host", "class"].into_iter().chain(COLUMNS));
        table.add_rows(rows);
        Some(table.to_string())
    }

    /// Everything that is known, as JSON, for the page.
    pub(crate) fn report(&self, options: &Options) -> Value {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tallies = known.tallies.iter().map(|((host, system, class), tally)| {
            let mut row = json!({ "host": host, "system": system, "class": class });
            let counts = COLUMNS.into_iter().zip(numbers(tally));
            counts.for_each(|(column, number)| row[column] = number.into());
            row
        });
        let failures = known
            .failures
            .iter()
            .map(|((host, what), times)| json!({ "host": host, "what": what, "times": times }));
        json!({
            "seed": options.seed,
            "variants": options.variants,
            "columns": COLUMNS,
            "tallies": tallies.collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
        })
    }
}

fn numbers(tally: &Tally) -> [usize; 6] {
    let refused = tally.sent - tally.let_in;
    [tally.sent, tally.let_in, refused, tally.bypasses, tally.wrong_refusals, tally.faults]
}

fn row(host: &str, what: &str, tally: &Tally) -> [String; 8] {
    let [sent, let_in, refused, bypasses, wrong, faults] = numbers(tally).map(|number| number.to_string());
    [host.to_owned(), what.to_owned(), sent, let_in, refused, bypasses, wrong, faults]
}
