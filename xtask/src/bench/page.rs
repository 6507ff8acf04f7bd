//! `docs/performance.md`: a section for each suite, of which one run writes its own.

use std::fs;

use anyhow::{Context, Result, ensure};
use portcullis_test_support::root::root;

use super::outcome::Outcome;
use super::row::{Aim, Held, Row};

const HEAD: &str = "# Performance

Written by `cargo xtask bench SUITE`, each section by a run of its own. All sides of a row run in
the same run, by turns, on the same machine; figures of another run or machine cannot be compared
with these, ratios can. *aim* is what the ratio in front of it, ours to the other's, is held against;
where nobody else is measured, the figure itself is. With `--runs`, what counts is the median of so
many runs; the least and the greatest ratio of one stand behind it.
";

/// How wide a line of text is.
const COLUMNS: usize = 100;

/// The sections that there can be, in their order.
pub(super) const TITLES: [&str; 8] =
    ["Envoy", "Worker", "Node.js", "Native", "Policy", "Size", "Start", "Growth"];

/// What a suite has to tell.
pub(super) struct Section {
    /// One of [`TITLES`].
    pub(super) title: &'static str,
    /// What was done, and how to do it again, a paragraph a line.
    pub(super) about: String,
    /// What stands over the first column.
    pub(super) what: &'static str,
    pub(super) rows: Vec<Row>,
    /// How many digits of a figure count.
    pub(super) decimals: usize,
    /// What stands below the table, likewise.
    pub(super) notes: String,
}

impl Section {
    /// The medians of several runs of one suite.
    ///
    /// # Errors
    ///
    /// If they have not measured the same.
    pub(super) fn of_runs(runs: Vec<Self>) -> Result<Self> {
        let count = runs.len();
        let rows = runs.first().map(|run| run.rows.len()).unwrap_or_default();
        ensure!(runs.iter().all(|run| run.rows.len() == rows), "runs with other rows");
        let of = |row: usize| Row::of_runs(&runs.iter().map(|run| &run.rows[row]).collect::<Vec<_>>());
        let rows = if count == 1 { None } else { Some((0..rows).map(of).collect::<Result<_>>()?) };
        let last = runs.into_iter().next_back().context("no run")?;
        Ok(match rows {
            Some(rows) => {
                let about = last.about.replacen("--rounds", &format!("--runs {count} --rounds"), 1);
                Self { rows, about, ..last }
            }
            None => last,
        })
    }

    /// The rows, as a table in Markdown. A peer has a column of its own, and two more if we are held against it.
    pub(super) fn table(&self) -> String {
        let mut peers: Vec<&str> = Vec::new();
        for peer in self.rows.iter().flat_map(|row| &row.peers) {
            if !peers.contains(&peer.name) {
                peers.push(peer.name);
            }
        }
        let is_held =
            |name: &str| self.rows.iter().filter_map(|row| row.peer(name)).any(|peer| peer.held.is_some());
        let decimals = self.decimals;
        let mut lines = vec![
            vec![self.what.to_owned(), "Portcullis".to_owned()],
            vec!["---".to_owned(), "--:".to_owned()],
        ];
        lines.extend(self.rows.iter().map(|row| vec![row.what.clone(), format!("{:.decimals$}", row.ours)]));
        for name in peers {
            let held = is_held(name);
            let (titles, rules): (&[&str], &[&str]) =
                if held { (&[name, "ratio", "aim"], &["--:"; 3]) } else { (&[name], &["--:"]) };
            lines[0].extend(titles.iter().map(ToString::to_string));
            lines[1].extend(rules.iter().map(ToString::to_string));
            for (line, row) in lines[2..].iter_mut().zip(&self.rows) {
                let peer = row.peer(name);
                let none = || "–".to_owned();
                line.push(peer.map_or_else(none, |peer| format!("{:.decimals$}", peer.figure)));
                if held {
                    let held = peer.and_then(|peer| peer.held);
                    line.push(held.map_or_else(none, ratio));
                    line.push(held.map_or_else(none, |held| written(held.aim)));
                }
            }
        }
        lines.iter().map(|line| format!("| {} |\n", line.join(" | "))).collect()
    }

    /// What it has come to.
    ///
    /// # Errors
    ///
    /// If a figure is no number.
    pub(super) fn outcome(self) -> Result<Outcome> {
        let (body, json) = (self.table(), serde_json::to_value(&self.rows)?);
        Ok(Outcome { title: self.title, about: self.about, body, notes: self.notes, json })
    }
}

/// Writes a section into the page; what is there of other suites stays.
///
/// # Errors
///
/// If the page cannot be read or written.
pub(super) fn write(outcome: &Outcome) -> Result<()> {
    let path = root().join("docs").join("performance.md");
    let before = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let Outcome { title, about, body, notes, .. } = outcome;
    let notes = if notes.is_empty() { String::new() } else { format!("\n{}", wrapped(notes)) };
    let text = format!("## {title}\n\n{}\n{body}{notes}", wrapped(about));
    fs::write(&path, with(&before, title, &text)).with_context(|| path.display().to_string())
}

/// Paragraphs, in lines of at most [`COLUMNS`].
fn wrapped(text: &str) -> String {
    let paragraph = |line: &str| {
        let mut lines: Vec<String> = vec![String::new()];
        for word in line.split(' ') {
            match lines.last_mut() {
                Some(last) if last.is_empty() => last.push_str(word),
                Some(last) if last.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.join("\n") + "\n"
    };
    text.lines().map(paragraph).collect::<Vec<_>>().join("\n")
}

/// With as many digits as the aim has.
fn ratio(held: Held) -> String {
    let (Aim::AtLeast(aim) | Aim::AtMost(aim)) = held.aim;
    let written = |ratio: f64| if aim < 0.1 { format!("{ratio:.4}") } else { format!("{ratio:.2}") };
    match held.runs {
        Some((least, greatest)) => {
            format!("{} ({}–{})", written(held.ratio), written(least), written(greatest))
        }
        None => written(held.ratio),
    }
}

fn written(aim: Aim) -> String {
    match aim {
        Aim::AtLeast(ratio) => format!("≥ {ratio:.2}"),
        Aim::AtMost(ratio) => format!("≤ {ratio:.2}"),
    }
}

/// `page` with `text` as its section `title`.
fn with(page: &str, title: &str, text: &str) -> String {
    let of = |wanted: &str| {
        if wanted == title {
            return Some(text.trim_end().to_owned());
        }
        let section = page.split("\n## ").skip(1).find(|section| section.lines().next() == Some(wanted))?;
        Some(format!("## {}", section.trim_end()))
    };
    let sections = TITLES.iter().filter_map(|title| of(title)).map(|section| format!("\n{section}\n"));
    [HEAD.to_owned()].into_iter().chain(sections).collect()
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, HEAD, Row, Section, TITLES, with, wrapped};
    use crate::bench::row::Aim;

    #[test]
    fn a_run_leaves_the_sections_of_others_as_they_are() {
        let [first, second, ..] = TITLES;
        let page = with("# Old\n\nhead\n", second, &format!("## {second}\n\n### a\n\ntext\n"));
        assert_eq!(page, format!("{HEAD}\n## {second}\n\n### a\n\ntext\n"));
        let both = with(&page, first, &format!("## {first}\n\nnew\n"));
        assert_eq!(both, format!("{HEAD}\n## {first}\n\nnew\n\n## {second}\n\n### a\n\ntext\n"));
        assert_eq!(with(&both, second, &format!("## {second}\n\n### a\n\ntext\n")), both);
    }

    #[test]
    fn lines_are_no_longer_than_they_may_be() {
        let text = wrapped(&format!("{}\nsecond", "word ".repeat(30).trim_end()));
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(text.lines().map(|line| line.split(' ').count()).collect::<Vec<_>>(), [20, 10, 1, 1]);
        assert!(text.ends_with("word\n\nsecond\n"));
    }

    #[test]
    fn of_several_runs_the_least_and_the_greatest_ratio_stand_behind_the_median() {
        let run = |ours| Section {
            title: "Envoy",
            about: "`bench envoy --rounds 5`".to_owned(),
            what: "row",
            rows: vec![Row::new("one", ours).beside("a", 2.0, Aim::AtMost(0.4))],
            decimals: 1,
            notes: String::new(),
        };
        let section = Section::of_runs(vec![run(3.0), run(1.0), run(2.0)]).unwrap();
        assert_eq!(section.about, "`bench envoy --runs 3 --rounds 5`");
        let table = section.table();
        assert_eq!(table.lines().last(), Some("| one | 2.0 | 2.0 | 1.00 (0.50–1.50) | ≤ 0.40 |"));
        let once = Section::of_runs(vec![run(3.0)]).unwrap();
        assert_eq!((once.table(), once.about), (run(3.0).table(), run(3.0).about));
        assert!(Section::of_runs(vec![run(1.0), Section { rows: Vec::new(), ..run(1.0) }]).is_err());
        assert!(Section::of_runs(Vec::new()).is_err());
    }

    #[test]
    fn a_peer_has_columns_of_its_own() {
        let rows = vec![
            Row::new("one", 1.0).beside("a", 2.0, Aim::AtMost(0.4)).beside("b", 4.0, None),
            Row::new("two", 3.0).beside("c", 2.0, Aim::AtLeast(1.0)),
            Row::new("three", 0.1).beside("c", 3.0, Aim::AtMost(0.05)),
        ];
        let section = Section {
            title: "Envoy",
            about: String::new(),
            what: "row",
            rows,
            decimals: 1,
            notes: String::new(),
        };
        assert_eq!(
            section.table(),
            "| row | Portcullis | a | ratio | aim | b | c | ratio | aim |\n\
             | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n\
             | one | 1.0 | 2.0 | 0.50 | ≤ 0.40 | 4.0 | – | – | – |\n\
             | two | 3.0 | – | – | – | – | 2.0 | 1.50 | ≥ 1.00 |\n\
             | three | 0.1 | – | – | – | – | 3.0 | 0.0333 | ≤ 0.05 |\n"
        );
    }
}
