//! Every token before every verifier.

use anyhow::{Result, bail};

use super::draft::Algorithm;
use super::forge::Forge;
use super::row::{Group, Row, Verdict};
use super::verifier::{Outcome, Verifier};
use portcullis_test_support::step::Step;

/// What a verifier made of a row: an outcome for each of the row's algorithms that it has.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    outcomes: Vec<(Algorithm, Outcome)>,
}

/// How a cell is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Right for every algorithm.
    Right,
    /// Wrong for at least one.
    Wrong,
    /// The process died.
    Crash,
    /// Nothing came back.
    Timeout,
    /// It has none of the algorithms.
    NotApplicable,
}

impl Cell {
    /// How it is to be read, the worst of its outcomes first.
    pub(super) fn mark(&self, verdict: Verdict) -> Mark {
        let any = |wanted: fn(&Outcome) -> bool| self.outcomes.iter().any(|(_, outcome)| wanted(outcome));
        if self.outcomes.is_empty() {
            Mark::NotApplicable
        } else if any(|outcome| *outcome == Outcome::Crashed) {
            Mark::Crash
        } else if any(|outcome| *outcome == Outcome::TimedOut) {
            Mark::Timeout
        } else if self.outcomes.iter().all(|(_, outcome)| is_right(outcome, verdict)) {
            Mark::Right
        } else {
            Mark::Wrong
        }
    }

    /// What was not right, and for which algorithm.
    pub(super) fn faults(&self, verdict: Verdict) -> impl Iterator<Item = &(Algorithm, Outcome)> {
        self.outcomes.iter().filter(move |(_, outcome)| !is_right(outcome, verdict))
    }

    /// The algorithms it is wrong for, if it is right for others.
    pub(super) fn only_for(&self, verdict: Verdict) -> Vec<Algorithm> {
        let wrong: Vec<_> = self.faults(verdict).map(|(algorithm, _)| *algorithm).collect();
        if wrong.len() == self.outcomes.len() { Vec::new() } else { wrong }
    }
}

fn is_right(outcome: &Outcome, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Accept => *outcome == Outcome::Accepted,
        Verdict::Reject => matches!(outcome, Outcome::Rejected(_)),
    }
}

/// A cell for every row and verifier, in their order.
#[derive(Debug)]
pub(super) struct Matrix {
    /// By group, row, verifier.
    pub(super) cells: Vec<Vec<Vec<Cell>>>,
}

impl Matrix {
    /// Makes every token of the corpus and shows it to everybody.
    ///
    /// # Errors
    ///
    /// If a token cannot be made, or another library refuses the plain one: nothing it says could be believed then.
    pub(super) fn fill(
        groups: &[Group],
        verifiers: &mut [Verifier],
        forge: &mut Forge,
        step: &Step,
    ) -> Result<Self> {
        let mut cells = Vec::new();
        for group in groups {
            let mut of_group = Vec::new();
            for row in &group.rows {
                step.message(row.id);
                of_group.push(judge_row(row, verifiers, forge)?);
            }
            step.say(&format!("{}: {} tokens", group.title, group.rows.len()));
            cells.push(of_group);
        }
        Ok(Self { cells })
    }

    /// The cells of one verifier, with their rows.
    pub(super) fn column<'m>(
        &'m self,
        groups: &'m [Group],
        verifier: usize,
    ) -> impl Iterator<Item = (&'m Group, &'m Row, &'m Cell)> {
        groups.iter().zip(&self.cells).flat_map(move |(group, of_group)| {
            let rows = group.rows.iter().zip(of_group);
            rows.filter_map(move |(row, of_row)| Some((group, row, of_row.get(verifier)?)))
        })
    }
}

fn judge_row(row: &Row, verifiers: &mut [Verifier], forge: &mut Forge) -> Result<Vec<Cell>> {
    let mut cells = vec![Cell::default(); verifiers.len()];
    for algorithm in row.algorithms {
        let sample = forge.mint(row, algorithm)?;
        for (verifier, cell) in verifiers.iter_mut().zip(&mut cells) {
            if !verifier.has(algorithm) {
                continue;
            }
            let outcome = verifier.judge(row.id, &sample)?;
            if row.id == "plain" && !verifier.ours && outcome != Outcome::Accepted {
                let title = verifier.title();
                bail!("{title} refuses the plain {algorithm} token ({outcome:?}): its driver is broken");
            }
            cell.outcomes.push((*algorithm, outcome));
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::super::row::Verdict;
    use super::super::verifier::Outcome;
    use super::{Cell, Mark};

    fn cell(outcomes: &[Outcome]) -> Cell {
        Cell { outcomes: ["HS256", "ES256"].into_iter().zip(outcomes.iter().cloned()).collect() }
    }

    #[test]
    fn a_cell_is_as_good_as_its_worst_outcome() {
        let rejected = || Outcome::Rejected(String::new());
        let mark = |outcomes: &[Outcome]| cell(outcomes).mark(Verdict::Reject);
        assert_eq!(mark(&[]), Mark::NotApplicable);
        assert_eq!(mark(&[rejected(), rejected()]), Mark::Right);
        assert_eq!(mark(&[rejected(), Outcome::Accepted]), Mark::Wrong);
        assert_eq!(mark(&[Outcome::TimedOut, Outcome::Accepted]), Mark::Timeout);
        assert_eq!(mark(&[Outcome::Crashed, Outcome::TimedOut]), Mark::Crash);
        assert_eq!(cell(&[rejected()]).mark(Verdict::Accept), Mark::Wrong);
        assert_eq!(cell(&[rejected(), Outcome::Accepted]).only_for(Verdict::Reject), ["ES256"]);
        assert_eq!(cell(&[Outcome::Accepted, Outcome::Accepted]).only_for(Verdict::Reject), [""; 0]);
    }
}
