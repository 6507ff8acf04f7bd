//! The three hosts that speak HTTP, each in front of an origin that keeps what reaches it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use portcullis_host_tests::runtime;
use portcullis_test_support::build;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::step::step;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Worker,
    Envoy,
    Component,
}

pub(crate) const KINDS: [(&str, Kind); 3] =
    [("worker", Kind::Worker), ("envoy", Kind::Envoy), ("component", Kind::Component)];

enum Running {
    Worker(Workerd),
    Envoy(Envoy),
    Component(WasmtimeServe),
}

/// A host in front of an origin.
pub(crate) struct Gate {
    running: Running,
    pub(crate) kind: Kind,
    pub(crate) origin: Builtin,
    pub(crate) runtime: Runtime,
    /// Of alice, whose role is `user`.
    pub(crate) token: String,
}

impl Gate {
    /// In front of an origin that answers.
    pub(crate) fn start(kind: Kind, name: &str) -> Result<Self> {
        Self::start_before(kind, name, None)
    }

    /// In front of `elsewhere`, if it is somewhere.
    pub(crate) fn start_before(kind: Kind, name: &str, elsewhere: Option<SocketAddr>) -> Result<Self> {
        let runtime = runtime()?;
        let secret = tokens::secret()?;
        let origin = runtime.block_on(Builtin::start(&secret))?;
        let address = elsewhere.unwrap_or(origin.address());
        let token = tokens::agentflow("alice", Some("user"), &secret)?;
        let secrets = BTreeMap::from([("ISSUER_SECRET".to_string(), secret)]);
        let running = start(kind, &config().to_string(), secrets, address, name)?;
        Ok(Self { running, kind, origin, runtime, token })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.running {
            Running::Worker(host) => host.address(),
            Running::Envoy(host) => host.address(0),
            Running::Component(host) => host.address(),
        }
    }

    /// Everything the host has printed.
    pub(crate) fn log(&self) -> String {
        match &self.running {
            Running::Worker(host) => host.log(),
            Running::Envoy(host) => host.log(),
            Running::Component(host) => host.log(),
        }
    }

    /// The decisions logged so far, in order.
    pub(crate) fn decisions(&self) -> Vec<Value> {
        match &self.running {
            Running::Worker(host) => host.decisions(),
            Running::Envoy(host) => host.decisions(),
            Running::Component(host) => host.decisions(),
        }
    }

    /// The decision after `count` others, once it is logged.
    pub(crate) fn decision_after(&self, count: usize) -> Result<Value> {
        let started = Instant::now();
        loop {
            if let Some(decision) = self.decisions().get(count) {
                return Ok(decision.clone());
            }
            anyhow::ensure!(started.elapsed() < PATIENCE, "no decision is logged: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A route for one host, beside those of the profile.
fn config() -> Value {
    json!({
        "profile": "agentflow",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
        "policy": {"routes": {
            "GET /v1/threads/{thread_id}": {"access": "checkpointer:read", "hosts": ["api.example.com"]},
        }},
    })
}

fn start(
    kind: Kind,
    config: &str,
    secrets: BTreeMap<String, String>,
    origin: SocketAddr,
    name: &str,
) -> Result<Running> {
    let config = config.to_string();
    Ok(match kind {
        Kind::Worker => {
            let artefact = step("build the Worker", build::worker)?;
            let settings = WorkerSettings { config, secrets, origin: format!("http://{origin}"), kv: None };
            Running::Worker(Workerd::start(&settings, &artefact.dir, name)?)
        }
        Kind::Envoy => {
            let artefact = step("build the Envoy filter", build::proxy_wasm)?;
            let settings = EnvoySettings { config, secrets, origin };
            Running::Envoy(step("start Envoy", |step| Envoy::start(&[settings], &artefact.path, name, step))?)
        }
        Kind::Component => {
            let artefacts = step("build the components", build::components)?;
            let proxy = artefacts.iter().find(|artefact| artefact.name == "proxy").context("no `proxy`")?;
            let mut environment = secrets;
            environment.insert("PORTCULLIS_CONFIG".to_string(), config);
            environment.insert("ORIGIN".to_string(), format!("http://{origin}"));
            Running::Component(WasmtimeServe::start(&proxy.path, &environment, &[], name)?)
        }
    })
}
