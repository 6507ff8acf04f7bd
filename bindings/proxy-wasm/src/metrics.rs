//! Counters, gauges and the histogram of decisions: in Envoy's statistics, below `wasmcustom.`.

use core::cell::Cell;
use std::collections::BTreeMap;

use portcullis::{Decision, MemoryCounters, Reason, SourceStatus, Verdict};
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
    /// `portcullis.calls`
    calls: Metric,
    /// `portcullis.calls_unanswered`
    calls_unanswered: Metric,
    memory: MemoryMetrics,
    /// In the order of the configuration.
    sources: Vec<SourceMetrics>,
}

/// Of how much use the memory was.
#[derive(Debug)]
struct MemoryMetrics {
    /// `portcullis.memory.hits`
    hits: Metric,
    /// `portcullis.memory.misses`
    misses: Metric,
    /// `portcullis.memory.evictions`
    evictions: Metric,
    /// What has been counted so far.
    counted: Cell<MemoryCounters>,
}

/// How one source of keys is.
#[derive(Debug)]
struct SourceMetrics {
    /// `portcullis.source.<number>.age_secs`
    age_secs: Metric,
    /// `portcullis.source.<number>.keys`
    keys: Metric,
    /// `portcullis.source.<number>.failing`
    failing: Metric,
}

impl Metrics {
    /// Defines all metrics, for this many sources of keys.
    ///
    /// # Errors
    ///
    /// If the host refuses one.
    pub(crate) fn define(sources: usize) -> Result<Self, Status> {
        let deny = |reason: &Reason| Ok((*reason, Metric::counter(&format!("portcullis.deny.{reason}"))?));
        Ok(Self {
            allow: Metric::counter("portcullis.allow")?,
            answer: Metric::counter("portcullis.answer")?,
            deny: Reason::ALL.iter().map(deny).collect::<Result<_, Status>>()?,
            decision_us: Metric::histogram("portcullis.decision_us")?,
            calls: Metric::counter("portcullis.calls")?,
            calls_unanswered: Metric::counter("portcullis.calls_unanswered")?,
            memory: MemoryMetrics::define()?,
            sources: (0..sources).map(SourceMetrics::define).collect::<Result<_, Status>>()?,
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

    /// Counts a call of the gate's own, and whether it was answered.
    pub(crate) fn called(&self, answered: bool) {
        self.calls.increment();
        if !answered {
            self.calls_unanswered.increment();
        }
    }

    /// Counts what the memory has been of use for since the last time.
    pub(crate) fn remembered(&self, now: MemoryCounters) {
        let MemoryMetrics { hits, misses, evictions, counted } = &self.memory;
        let before = counted.replace(now);
        let grown = [
            (hits, now.hits, before.hits),
            (misses, now.misses, before.misses),
            (evictions, now.evictions, before.evictions),
        ];
        for (metric, now, before) in grown {
            if now > before {
                metric.add(now.saturating_sub(before));
            }
        }
    }

    /// Shows how the sources of keys are.
    pub(crate) fn show(&self, sources: &[SourceStatus]) {
        for (metrics, source) in self.sources.iter().zip(sources) {
            metrics.age_secs.record(source.age_secs.unwrap_or_default());
            metrics.keys.record(u64::try_from(source.keys).unwrap_or(u64::MAX));
            metrics.failing.record(u64::from(source.failure.is_some()));
        }
    }
}

impl MemoryMetrics {
    fn define() -> Result<Self, Status> {
        Ok(Self {
            hits: Metric::counter("portcullis.memory.hits")?,
            misses: Metric::counter("portcullis.memory.misses")?,
            evictions: Metric::counter("portcullis.memory.evictions")?,
            counted: Cell::default(),
        })
    }
}

impl SourceMetrics {
    fn define(number: usize) -> Result<Self, Status> {
        let gauge = |name: &str| Metric::gauge(&format!("portcullis.source.{number}.{name}"));
        Ok(Self { age_secs: gauge("age_secs")?, keys: gauge("keys")?, failing: gauge("failing")? })
    }
}
