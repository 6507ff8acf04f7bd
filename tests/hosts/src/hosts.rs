//! The hosts that call others by themselves, each with a gate in it, in front of an origin.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::fixture::Fixture;
use anyhow::{Context as _, Result};
use portcullis_test_support::artefact::{ProxyWasmArtefact, WorkerArtefact};
use portcullis_test_support::build;
use portcullis_test_support::host::clock::SetClock;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::node;
use portcullis_test_support::host::node_server::NodeServer;
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;
use serde_json::Value;

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The Worker, in workerd.
    Worker,
    /// The npm package, in a server of Node.js.
    Node,
    /// The filter, in Envoy.
    Envoy,
    /// The component of the world `proxy`, in wasmtime.
    Component,
}

/// The hosts in JavaScript. Envoy and the component have the same checks beside their own, in tests of their own.
pub const SCRIPTED: &[Kind] = &[Kind::Worker, Kind::Node];
/// All that call others by themselves.
pub const ALL: &[Kind] = &[Kind::Worker, Kind::Envoy, Kind::Component, Kind::Node];

impl Kind {
    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Node => "node",
            Self::Envoy => "envoy",
            Self::Component => "component",
        }
    }
}

static WORKER: LazyLock<Fixture<WorkerArtefact>> =
    LazyLock::new(|| Fixture::new(|| step("build the Worker", build::worker)));

/// The project in which the npm package is installed.
static PROJECT: LazyLock<Fixture<PathBuf>> = LazyLock::new(|| {
    Fixture::new(|| {
        let artefact = step("build the npm package", build::npm)?;
        step("install it", |step| node::install(step, &artefact))
    })
});

static FILTER: LazyLock<Fixture<ProxyWasmArtefact>> =
    LazyLock::new(|| Fixture::new(|| step("build the Envoy filter", build::proxy_wasm)));

/// The component of the world `proxy`, as wasmtime has compiled it.
static PROXY: LazyLock<Fixture<PathBuf>> = LazyLock::new(|| {
    Fixture::new(|| {
        let artefacts = step("build the components", build::components)?;
        let proxy = artefacts.iter().find(|artefact| artefact.name == "proxy");
        let proxy = proxy.context("there is no component `proxy`")?;
        step("compile the proxy in wasmtime", |step| {
            WasmtimeServe::precompile(&proxy.path, "check-live-hosts", step)
        })
    })
});

/// What the README adds to the command for a gate that learns: an instance keeps what it knows over a quiet time.
const LASTING: &[&str] = &["--idle-instance-timeout", "600s"];

/// A host in front of an origin; it ends when dropped.
#[derive(Debug)]
pub enum Running {
    /// A Worker.
    Worker(Workerd),
    /// A server of Node.js.
    Node(NodeServer),
    /// An Envoy with one listener.
    Envoy(Envoy),
    /// A component.
    Component(WasmtimeServe),
}

impl Running {
    /// Starts the host with `config`, in front of `origin`; `name` tells this one apart from others.
    ///
    /// # Errors
    ///
    /// If its artefact does not build, or it does not start.
    pub fn start(
        kind: Kind,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
    ) -> Result<Self> {
        Self::launch(kind, name, config, secrets, origin, None)
    }

    /// The same with a clock of its own: Envoy and the component, which ask the machine for the time.
    ///
    /// # Errors
    ///
    /// As [`Running::start`].
    pub fn start_with_clock(
        kind: Kind,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
        clock: &SetClock,
    ) -> Result<Self> {
        Self::launch(kind, name, config, secrets, origin, Some(clock))
    }

    fn launch(
        kind: Kind,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
        clock: Option<&SetClock>,
    ) -> Result<Self> {
        match kind {
            Kind::Worker => Self::start_worker(Self::worker()?, name, config, secrets, origin, None),
            Kind::Node => {
                let environment = environment(config, secrets, origin);
                Ok(Self::Node(NodeServer::start(PROJECT.get()?, "live.server.js", &environment)?))
            }
            Kind::Component => {
                let environment = environment(config, secrets, origin);
                let name = format!("live-{name}");
                let proxy = PROXY.get()?;
                Ok(Self::Component(match clock {
                    Some(clock) => {
                        WasmtimeServe::start_with_clock(proxy, &environment, LASTING, &name, clock)?
                    }
                    None => WasmtimeServe::start(proxy, &environment, LASTING, &name)?,
                }))
            }
            Kind::Envoy => {
                let origin = origin.trim_start_matches("http://").parse()?;
                let settings = EnvoySettings { config: config.to_string(), secrets, origin };
                let (filter, name) = (&FILTER.get()?.path, format!("live-{name}"));
                let listeners = [settings];
                let envoy = step("start Envoy", |step| match clock {
                    Some(clock) => Envoy::start_with_clock(&listeners, filter, &name, clock, step),
                    None => Envoy::start(&listeners, filter, &name, step),
                });
                Ok(Self::Envoy(envoy?))
            }
        }
    }

    /// The folder of the Worker.
    ///
    /// # Errors
    ///
    /// If it does not build.
    pub fn worker() -> Result<&'static Path> {
        Ok(&WORKER.get()?.dir)
    }

    /// Starts a Worker from the folder `dir`, as [`Running::start`] does, with what is at `kv` as its KV namespace.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start_worker(
        dir: &Path,
        name: &str,
        config: &Value,
        secrets: BTreeMap<String, String>,
        origin: &str,
        kv: Option<SocketAddr>,
    ) -> Result<Self> {
        let (config, origin) = (config.to_string(), origin.to_string());
        let settings = WorkerSettings { config, secrets, origin, kv };
        Ok(Self::Worker(Workerd::start(&settings, dir, &format!("live-{name}"))?))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Worker(host) => host.address(),
            Self::Node(host) => host.address(),
            Self::Envoy(host) => host.address(0),
            Self::Component(host) => host.address(),
        }
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        match self {
            Self::Worker(host) => host.process(),
            Self::Node(host) => host.process(),
            Self::Envoy(host) => host.process(),
            Self::Component(host) => host.process(),
        }
    }

    /// Everything the host has printed.
    pub fn log(&self) -> String {
        match self {
            Self::Worker(host) => host.log(),
            Self::Node(host) => host.log(),
            Self::Envoy(host) => host.log(),
            Self::Component(host) => host.log(),
        }
    }
}

/// What hosts find in their environment.
fn environment(config: &Value, secrets: BTreeMap<String, String>, origin: &str) -> BTreeMap<String, String> {
    let mut environment = secrets;
    environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
    environment.insert("ORIGIN".to_string(), origin.to_string());
    environment
}
