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
        let held = aim.into().map(|aim| Held { ratio: self.ours / figure, aim });
        self.peers.push(Peer { name, figure, held });
        self
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
