//! The hosts that run these checks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Result;
use portcullis_host_tests::fixture::Fixture;
use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::build;
use portcullis_test_support::host::node;
use portcullis_test_support::host::node_server::NodeServer;
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;
use serde_json::Value;

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Worker,
    Node,
}

pub(crate) const KINDS: &[(&str, Kind)] = &[("worker", Kind::Worker), ("node", Kind::Node)];

static WORKER: LazyLock<Fixture<WorkerArtefact>> =
    LazyLock::new(|| Fixture::new(|| step("build the Worker", build::worker)));

/// The project in which the npm package is installed.
static PROJECT: LazyLock<Fixture<PathBuf>> = LazyLock::new(|| {
    Fixture::new(|| {
        let artefact = step("build the npm package", build::npm)?;
        step("install it", |step| node::install(step, &artefact))
    })
});

/// A host in front of an origin; it ends when dropped.
pub(crate) enum Running {
    Worker(Workerd),
    Node(NodeServer),
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
            Kind::Node => {
                let mut environment = secrets;
                environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
                environment.insert("ORIGIN".to_string(), origin.to_string());
                Ok(Self::Node(NodeServer::start(PROJECT.get()?, "live.server.js", &environment)?))
            }
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
            Self::Node(host) => host.address(),
        }
    }

    /// Everything the host has printed.
    pub(crate) fn log(&self) -> String {
        match self {
            Self::Worker(host) => host.log(),
            Self::Node(host) => host.log(),
        }
    }
}
