//! What is measured.

use anyhow::{Context as _, Result};
use serde::Serialize;

/// What came of a row, as medians in the unit of its suite.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What is done.
    pub(super) what: String,
    pub(super) ours: f64,
    /// What others take for the same, in the same run.
    pub(super) peers: Vec<Peer>,
}

/// One of those that we are measured beside.
#[derive(Debug, Serialize)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) figure: f64,
    /// What we are held against; nothing if the peer is there for comparison alone.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) held: Option<Held>,
}

/// How many times the peer's our figure is, and how many times it may be.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Held {
    pub(super) ratio: f64,
    pub(super) aim: Aim,
    /// The least and the greatest ratio of a run, if there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runs: Option<(f64, f64)>,
}

/// A ratio to reach.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    pub(super) fn new(what: impl Into<String>, ours: f64) -> Self {
        Self { what: what.into(), ours, peers: Vec::new() }
    }

    /// Adds a peer.
    #[must_use]
    pub(super) fn beside(mut self, name: &'static str, figure: f64, aim: impl Into<Option<Aim>>) -> Self {
        let held = aim.into().map(|aim| Held { ratio: self.ours / figure, aim, runs: None });
        self.peers.push(Peer { name, figure, held });
        self
    }

    /// The medians of several runs, each of which has measured the same.
    ///
    /// # Errors
    ///
    /// If one has not.
    pub(super) fn of_runs(runs: &[&Self]) -> Result<Self> {
        let first = runs.first().context("no run")?;
        let mut row = Self::new(&first.what, median(runs.iter().map(|run| run.ours).collect())?);
        for peer in &first.peers {
            let of_peer: Vec<&Peer> = runs
                .iter()
                .map(|run| run.peer(peer.name).filter(|_| run.what == first.what))
                .collect::<Option<_>>()
                .with_context(|| format!("{}: not every run has measured {}", first.what, peer.name))?;
            let ratios: Vec<f64> = of_peer.iter().filter_map(|peer| Some(peer.held?.ratio)).collect();
            let held = peer.held.map(|held| {
                let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                let greatest = ratios.iter().copied().fold(0.0, f64::max);
                Ok::<_, anyhow::Error>(Held { ratio: median(ratios)?, runs: Some((least, greatest)), ..held })
            });
            let figure = median(of_peer.iter().map(|peer| peer.figure).collect())?;
            row.peers.push(Peer { name: peer.name, figure, held: held.transpose()? });
        }
        Ok(row)
    }

    /// The peer of this name.
    pub(super) fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.name == name)
    }

    /// The ratios, as they are told while it is measured.
    pub(super) fn ratios(&self) -> String {
        let held = self.peers.iter().filter_map(|peer| Some((peer.name, peer.held?)));
        held.map(|(name, held)| format!("{:.2} of {name}", held.ratio)).collect::<Vec<_>>().join(", ")
    }
}

/// The one in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::{Aim, Row};

    #[test]
    fn the_run_in_the_middle_counts() {
        let run =
            |ours, figure| Row::new("a", ours).beside("b", figure, Aim::AtMost(1.0)).beside("c", ours, None);
        let runs = [run(4.0, 2.0), run(1.0, 4.0), run(3.0, 1.0)];
        let row = Row::of_runs(&runs.iter().collect::<Vec<_>>()).unwrap();
        let [b, c] = row.peers.as_slice() else { panic!("{row:?}") };
        let held = b.held.unwrap();
        assert_eq!((row.ours, b.figure, held.ratio, held.runs), (3.0, 2.0, 2.0, Some((0.25, 3.0))));
        assert!(c.figure == 3.0 && c.held.is_none());
    }

    #[test]
    fn all_runs_are_of_the_same() {
        let runs = [Row::new("a", 1.0).beside("b", 1.0, None), Row::new("a", 1.0)];
        assert!(Row::of_runs(&runs.iter().collect::<Vec<_>>()).is_err());
        assert!(Row::of_runs(&[]).is_err());
    }
}
