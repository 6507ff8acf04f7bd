//! What came of it, by host and class: on the terminal and as a page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use comfy_table::{Table, presets};

use crate::options::Options;
use crate::play::{Outcome, Tally};
use crate::{classes, hosts, systems};

const COLUMNS: [&str; 6] = ["sent", "let in", "refused", "bypasses", "wrong refusals", "5xx but 501"];

/// Collects outcomes while the tests run.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<BTreeMap<(&'static str, &'static str, &'static str), Tally>>);

impl Tallies {
    pub(crate) fn add(&self, host: &'static str, system: &'static str, outcome: &Outcome) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (class, tally) in &outcome.by_class {
            tallies.entry((host, system, class)).or_default().add(tally);
        }
    }

    /// The sum over everything that `fits`; none if there is nothing.
    fn sum(&self, fits: impl Fn(&str, &str, &str) -> bool) -> Option<Tally> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Tally::default();
        let fitting = tallies.iter().filter(|((host, system, class), _)| fits(host, system, class));
        fitting.for_each(|(_, tally)| sum.add(tally));
        (sum.sent > 0).then_some(sum)
    }

    fn rows(&self) -> Vec<[String; 8]> {
        let mut rows = Vec::new();
        for host in hosts::NAMES {
            for class in classes::ALL {
                let sum = self.sum(|h, _, c| h == host && c == class.name);
                rows.extend(sum.map(|sum| row(host, class.name, &sum)));
            }
            rows.extend(self.sum(|h, _, _| h == host).map(|sum| row(host, "all", &sum)));
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

    /// The page: the same, and by system.
    pub(crate) fn page(&self, options: &Options) -> String {
        let mut text = format!(
            "# Bypass suite\n\n\
             Written by `cargo xtask bypass`: raw bytes to real hosts, in front of an origin that reads what reaches it\n\
             with the parsers and routers of the real servers (h11, Starlette, Werkzeug) and judges by its own reading of\n\
             the policy. A *bypass* is a request on which the origin acts although its sender may not; a *wrong refusal*\n\
             is an ordinary request of a caller who may, and did not get through. The ordinary clients are the class that\n\
             has to be let in; of the others, what is let in is harmless by the origin's judgment.\n\n\
             {} variants for each host and system, seed `{}`.\n\n",
            options.variants, options.seed
        );
        text.push_str(&markdown(["host", "class"], &self.rows()));
        let mut rows = Vec::new();
        for host in hosts::NAMES {
            for system in systems::NAMES {
                let sum = self.sum(|h, s, _| h == host && s == system);
                rows.extend(sum.map(|sum| row(host, system, &sum)));
            }
        }
        text.push_str("\nThe same by system:\n\n");
        text.push_str(&markdown(["host", "system"], &rows));
        text
    }
}

fn row(host: &str, what: &str, tally: &Tally) -> [String; 8] {
    let refused = tally.sent - tally.let_in;
    let numbers = [tally.sent, tally.let_in, refused, tally.bypasses, tally.wrong_refusals, tally.faults];
    let [sent, let_in, refused, bypasses, wrong, faults] = numbers.map(|number| number.to_string());
    [host.to_owned(), what.to_owned(), sent, let_in, refused, bypasses, wrong, faults]
}

fn markdown(first: [&str; 2], rows: &[[String; 8]]) -> String {
    let header = first.into_iter().chain(COLUMNS).collect::<Vec<_>>().join(" | ");
    let mut text = format!("| {header} |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    rows.iter().for_each(|row| text.push_str(&format!("| {} |\n", row.join(" | "))));
    text
}
