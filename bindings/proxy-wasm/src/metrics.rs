//! Counters and the histogram of decisions: in Envoy's statistics, below `wasmcustom.`.

use std::collections::BTreeMap;

use portcullis::Reason;
use proxy_wasm::types::Status;

use crate::host::Metric;

/// All metrics, defined at the start, so that a counter that is zero can be seen to be zero.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// `portcullis.allow`
    allow: Metric,
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
            deny: Reason::ALL.iter().map(deny).collect::<Result<_, Status>>()?,
            decision_us: Metric::histogram("portcullis.decision_us")?,
        })
    }

    /// Counts a decision: a request allowed, or refused for a reason.
    pub(crate) fn count(&self, refused: Option<Reason>) {
        let counter = match refused {
            None => Some(&self.allow),
            Some(reason) => self.deny.get(&reason),
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
