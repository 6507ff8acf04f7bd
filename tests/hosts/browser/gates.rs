//! The hosts, with a gate for each way to treat cross-origin requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use portcullis_test_support::build;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;
use serde_json::{Value, json};

use crate::script::Mode;

/// What one gate is started with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) config: Value,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) origin: SocketAddr,
}

impl Settings {
    /// A gate that treats cross-origin requests as `mode` says; `listed` is the origin that is listed.
    pub(crate) fn new(mode: Mode, listed: &str, secret: &str, origin: SocketAddr) -> Self {
        let config = json!({
            "profile": "generic",
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
            "cors": mode.cors(listed),
            "policy": {
                "roles": {"user": {"permissions": ["doc:*"]}},
                "routes": {
                    "GET /open": "public", "WEBSOCKET /live": "public",
                    "GET /doc": "doc:read", "POST /doc": "doc:write",
                },
            },
        });
        let secrets = BTreeMap::from([("JWT_SECRET_KEY".to_owned(), secret.to_owned())]);
        Self { mode, config, secrets, origin }
    }
}

/// A host with its gates.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    /// Whether a WebSocket passes.
    pub(crate) upgrades: bool,
    /// Where each gate listens, by its number in the settings; not all hosts have all.
    pub(crate) gates: BTreeMap<usize, SocketAddr>,
    /// Stopped when dropped.
    _running: Running,
}

#[expect(dead_code, reason = "held to be dropped")]
enum Running {
    Workerd(Vec<Workerd>),
    Envoy(Envoy),
    Wasmtime(Vec<WasmtimeServe>),
}

/// Those that a host has which takes a process for each.
fn governed(all: &[Settings]) -> impl Iterator<Item = (usize, &Settings)> {
    all.iter().enumerate().filter(|(_, settings)| settings.mode != Mode::Forward)
}

pub(crate) fn worker(all: &[Settings]) -> Result<Host> {
    let artefact = step("build the Worker", build::worker)?;
    let (mut gates, mut running) = (BTreeMap::new(), Vec::new());
    for (index, settings) in governed(all) {
        let settings = WorkerSettings {
            config: settings.config.to_string(),
            secrets: settings.secrets.clone(),
            origin: format!("http://{}", settings.origin),
            kv: None,
        };
        let workerd = Workerd::start(&settings, &artefact.dir, &format!("browser-{index}"))?;
        gates.insert(index, workerd.address());
        running.push(workerd);
    }
    Ok(Host { name: "Worker", upgrades: true, gates, _running: Running::Workerd(running) })
}

pub(crate) fn envoy(all: &[Settings]) -> Result<Host> {
    let artefact = step("build the Envoy filter", build::proxy_wasm)?;
    let listeners: Vec<_> = all
        .iter()
        .map(|settings| EnvoySettings {
            config: settings.config.to_string(),
            secrets: settings.secrets.clone(),
            origin: settings.origin,
        })
        .collect();
    let envoy = step("start Envoy", |step| Envoy::start(&listeners, &artefact.path, "browser", step))?;
    let gates = (0..all.len()).map(|index| (index, envoy.address(index))).collect();
    Ok(Host { name: "Envoy", upgrades: true, gates, _running: Running::Envoy(envoy) })
}

pub(crate) fn component(all: &[Settings]) -> Result<Host> {
    let components = step("build the components", build::components)?;
    let proxy =
        components.iter().find(|component| component.name == "proxy").context("no component `proxy`")?;
    let (mut gates, mut running) = (BTreeMap::new(), Vec::new());
    for (index, settings) in governed(all) {
        let mut environment = settings.secrets.clone();
        environment.insert("PORTCULLIS_CONFIG".to_owned(), settings.config.to_string());
        environment.insert("ORIGIN".to_owned(), format!("http://{}", settings.origin));
        let serve = WasmtimeServe::start(&proxy.path, &environment, &[], &format!("browser-{index}"))?;
        gates.insert(index, serve.address());
        running.push(serve);
    }
    Ok(Host { name: "component", upgrades: false, gates, _running: Running::Wasmtime(running) })
}
