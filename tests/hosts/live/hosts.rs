//! The hosts that run these checks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Result;
use portcullis_host_tests::fixture::Fixture;
use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::build;
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;
use serde_json::Value;

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Worker,
}

pub(crate) const KINDS: &[(&str, Kind)] = &[("worker", Kind::Worker)];

static WORKER: LazyLock<Fixture<WorkerArtefact>> =
    LazyLock::new(|| Fixture::new(|| step("build the Worker", build::worker)));

/// A host in front of an origin; it ends when dropped.
pub(crate) enum Running {
    Worker(Workerd),
}

impl Running {
    /// Starts the host with `config`, in front of `origin`; `name` tells this one apart from others.
    pub(crate) fn start(
        kind: Kind,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
    ) -> Result<Self> {
        match kind {
            Kind::Worker => Self::start_worker(Self::worker()?, name, config, secrets, origin),
        }
    }

    /// The folder of the Worker.
    pub(crate) fn worker() -> Result<&'static Path> {
        Ok(&WORKER.get()?.dir)
    }

    /// Starts a Worker from the folder `dir`, as [`Running::start`] does.
    pub(crate) fn start_worker(
        dir: &Path,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
    ) -> Result<Self> {
        let (config, origin) = (config.to_string(), origin.to_string());
        let settings = WorkerSettings { config, secrets, origin, kv: None };
        Ok(Self::Worker(Workerd::start(&settings, dir, &format!("live-{name}"))?))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Worker(host) => host.address(),
        }
    }

    /// Everything the host has printed.
    pub(crate) fn log(&self) -> String {
        match self {
            Self::Worker(host) => host.log(),
        }
    }
}
