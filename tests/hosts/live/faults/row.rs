//! A line of the table.

use std::time::Duration;

use crate::hosts::Kind;

/// What a fault did to a host.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) host: Kind,
    /// `source`, `ask` or `store`.
    pub(super) kind: &'static str,
    pub(super) fault: &'static str,
    /// What a good credential gets that nothing is known of yet.
    pub(super) status: String,
    /// What one gets that was known before the fault; `None` where that was not measured.
    pub(super) known: Option<String>,
    /// How many good credentials were let in of so many at once.
    pub(super) good: (usize, usize),
    /// How many bad credentials were, of all.
    pub(super) bad_let_in: usize,
    /// Calls for those at once.
    pub(super) calls: usize,
    /// Fetches for as many unknown keys at once, when keys were known; `None` where that was not measured.
    pub(super) unknown: Option<usize>,
    /// How long after its end the fault was over; `None` where it changed nothing, or that was not measured.
    pub(super) recovered: Option<Duration>,
}

impl Row {
    pub(super) fn name(&self) -> String {
        format!("{}, {}, {}", self.host.name(), self.kind, self.fault)
    }

    /// What is wrong with the number of calls. The component has an instance for each request that comes at once, and each of
    /// them is a gate by itself.
    pub(super) fn stampede(&self) -> Option<String> {
        let most = match self.host {
            Kind::Worker | Kind::Node => 1,
            // Its main thread fetches, too.
            Kind::Envoy => 2,
            Kind::Component => return None,
        };
        // First the metadata, then the keys.
        let most = if self.fault == "wrong issuer" { 2 * most } else { most };
        // What fails is tried again, ever more seldom: so often while the rows before were measured.
        let most = if self.kind == "source" && self.status != "200" { 5 * most } else { most };
        let once = matches!(self.fault, "none" | "slow") || self.kind == "source";
        let at_first = (once && self.kind != "store" && self.calls > most)
            .then(|| format!("{}: {} calls, at most {most}", self.name(), self.calls));
        let unknown = self.unknown.filter(|fetches| *fetches > most);
        at_first.or(unknown
            .map(|fetches| format!("{}: {fetches} fetches for unknown keys, at most {most}", self.name())))
    }
}
