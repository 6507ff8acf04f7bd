//! The plugin: what it takes to decide about requests.

use core::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use portcullis::jose::HostSignatures;
use portcullis::{Gate, LiveGate, SourceFailure, UnixTime};
use portcullis_config::{SIGNATURES, Secrets as _, host_verifies};
use proxy_wasm::types::LogLevel;

use crate::clusters::{self, Clusters};
use crate::document;
use crate::environment::Environment;
use crate::filter_state;
use crate::host;
use crate::metrics::Metrics;
use crate::signatures::HostVerifier;

/// One configuration, compiled, and what one worker has learned under it.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) gate: RefCell<LiveGate>,
    pub(crate) metrics: Metrics,
    pub(crate) clusters: Clusters,
    /// Whether keys are fetched.
    pub(crate) fetches: bool,
    /// Whether anything is counted by client.
    pub(crate) counts_clients: bool,
    /// Whether decisions are kept for the access log.
    pub(crate) keeps_decisions: bool,
    /// The clusters of which the log has said already that they are not there.
    missed: RefCell<BTreeSet<String>>,
    /// Which sources have failed, as far as the log has said so.
    failing: RefCell<Vec<Option<SourceFailure>>>,
    /// When the sources were looked at last, in seconds.
    shown_at: Cell<Option<UnixTime>>,
}

impl Plugin {
    /// Loads the configuration, which has this many bytes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, or what the host cannot do.
    pub(crate) fn load(bytes: usize) -> Result<Self, Vec<String>> {
        let failed = |status| vec![format!("the host cannot do what the plugin needs: {status:?}")];
        let document = document::json(host::plugin_configuration(bytes).map_err(failed)?);
        let environment = Environment::read();
        let loaded = portcullis_config::load(&document, &environment)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let clusters = Clusters::read(
            environment.get(clusters::CLUSTERS).as_deref(),
            environment.get(clusters::ORIGIN_HOST).as_deref(),
        )?;
        let keeps_decisions =
            filter_state::keeps_decisions(environment.get(filter_state::FILTER_STATE).as_deref())?;
        let on_host =
            host_verifies(environment.get(SIGNATURES).as_deref()).map_err(|problem| vec![problem])?;
        host::log(LogLevel::Info, &format!("policy {} is loaded", loaded.gate.version()));
        for diagnostic in &loaded.diagnostics {
            host::log(LogLevel::Warn, &diagnostic.to_string());
        }
        // No two workers get here in the same nanosecond; if they did, they would only fetch at the same times.
        let now = host::now().map_err(failed)?;
        let gate = if on_host { verified_by_host(loaded.gate) } else { loaded.gate };
        let counts_clients = gate.counts_clients();
        let gate = LiveGate::new(gate, u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
        let sources = gate.sources(UnixTime::from_secs(now.as_secs())).len();
        Ok(Self {
            gate: RefCell::new(gate),
            metrics: Metrics::define(sources).map_err(failed)?,
            clusters,
            fetches: sources > 0,
            counts_clients,
            keeps_decisions,
            missed: RefCell::default(),
            failing: RefCell::new(vec![None; sources]),
            shown_at: Cell::new(None),
        })
    }

    /// Says, once for each, that there is no such cluster.
    pub(crate) fn miss(&self, cluster: &str) {
        if self.missed.borrow_mut().insert(cluster.to_owned()) {
            host::log(
                LogLevel::Error,
                &format!(
                    "a call could not be sent: no cluster {cluster:?}, or nobody in it; define it, or name the one to use in {} of vm_config.environment_variables",
                    clusters::CLUSTERS
                ),
            );
        }
    }

    /// Shows how the sources of keys are, and says which has begun to fail and which has recovered.
    pub(crate) fn show_sources(&self, now: UnixTime) {
        if !self.fetches || self.shown_at.replace(Some(now)) == Some(now) {
            return;
        }
        let sources = self.gate.borrow().sources(now);
        self.metrics.show(&sources);
        for (source, before) in sources.iter().zip(self.failing.borrow_mut().iter_mut()) {
            match (*before, source.failure) {
                (None, Some(_)) => host::log(LogLevel::Warn, &source.notice()),
                (Some(_), None) => host::log(LogLevel::Info, &source.notice()),
                _ => {}
            }
            *before = source.failure;
        }
    }
}

/// The gate, which asks the host about signatures of the algorithms that the host has passed the test of.
fn verified_by_host(gate: Gate) -> Gate {
    let signatures = HostSignatures::tested(&HostVerifier);
    let names: Vec<_> = signatures.algorithms().iter().map(ToString::to_string).collect();
    if names.is_empty() {
        host::log(LogLevel::Info, "the host verifies no signatures: the filter's own code does");
    } else {
        host::log(LogLevel::Info, &format!("the host verifies {}", names.join(", ")));
    }
    gate.with_host_signatures(signatures)
}
