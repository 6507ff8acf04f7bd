//! Counters and the histogram of decisions: in Envoy's statistics, below `wasmcustom.`.

use std::collections::BTreeMap;

use portcullis::{Decision, Reason, Verdict};
use proxy_wasm::types::Status;

use crate::host::Metric;

/// All metrics, defined at the start, so that a counter that is zero can be seen to be zero.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// `portcullis.allow`
    allow: Metric,
    /// `portcullis.answer`
    answer: Metric,
    /// `portcullis.deny.<reason>`
    deny: BTreeMap<Reason, Metric>,
    /// `portcullis.decision_us`
    decision_us: Metric,
}

impl Metrics {
    /// Defines all metrics.
    ///
    /// # Errors
    ///
    /// If the host refuses one.
    pub(crate) fn define() -> Result<Self, Status> {
        let deny = |reason: &Reason| Ok((*reason, Metric::counter(&format!("portcullis.deny.{reason}"))?));
        Ok(Self {
            allow: Metric::counter("portcullis.allow")?,
            answer: Metric::counter("portcullis.answer")?,
            deny: Reason::ALL.iter().map(deny).collect::<Result<_, Status>>()?,
            decision_us: Metric::histogram("portcullis.decision_us")?,
        })
    }

    /// Counts a decision: a request allowed, answered by the gate, or refused for a reason.
    pub(crate) fn count(&self, verdict: &Verdict) {
        let counter = match (verdict.diagnostics.reason, &verdict.decision) {
            (Some(reason), _) => self.deny.get(&reason),
            (None, Decision::Answer(_)) => Some(&self.answer),
            (None, Decision::Allow(_) | Decision::Deny(_)) => Some(&self.allow),
        };
        if let Some(counter) = counter {
            counter.increment();
        }
    }

    /// Notes how long a decision took, in microseconds.
    pub(crate) fn took(&self, micros: u64) {
        self.decision_us.record(micros);
    }
}
