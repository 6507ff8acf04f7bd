//! A line of the table.

use std::time::Duration;

use portcullis::limits::REFETCH_SECS;
use portcullis_host_tests::hosts::Kind;

/// What a fault did to a host.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) host: Kind,
    /// `source`, `bundle`, `ask`, `clock` or `store`.
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
    /// How long those at once took.
    pub(super) took: Duration,
    /// How long the host had been asked by then.
    pub(super) asked: Duration,
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
        let most: usize = match self.host {
            Kind::Worker | Kind::Node => 1,
            // Its main thread fetches, too.
            Kind::Envoy => 2,
            Kind::Component => return None,
        };
        // First the metadata, then the keys.
        let most = if self.fault == "wrong issuer" { 2 * most } else { most };
        // A key that is not known is looked for again so often, while the rows before were measured.
        let again = usize::try_from(self.asked.as_secs() / REFETCH_SECS).unwrap_or(usize::MAX);
        let at_first = match self.kind {
            // What fails is tried again, ever more seldom.
            "source" | "bundle" if self.status != "200" => Some(most.saturating_mul(5 + again)),
            "source" | "bundle" => Some(most.saturating_mul(1 + again)),
            // What failed is remembered for a second.
            "ask" if self.status != "200" => {
                // Where nobody answers, workerd tries the connection that it has kept open before it believes that.
                let kept = usize::from(self.host == Kind::Worker && self.fault == "down");
                usize::try_from(self.took.as_secs()).ok().map(|secs| secs + 2 + kept)
            }
            // What a store says of a key is remembered for a second; there are two keys with one identifier.
            "store" => usize::try_from(self.took.as_secs()).ok().map(|secs| 2 * (secs + 2)),
            _ => Some(most),
        };
        let at_first = at_first
            .filter(|most| self.calls > *most)
            .map(|most| format!("{}: {} calls, at most {most}", self.name(), self.calls));
        let unknown = self.unknown.filter(|fetches| *fetches > most);
        at_first.or(unknown
            .map(|fetches| format!("{}: {fetches} fetches for unknown keys, at most {most}", self.name())))
    }
}
