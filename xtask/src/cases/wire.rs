//! Hosts that speak HTTP: the request goes over the wire, and an origin behind the host says what arrived.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use super::expect::{Received, Seen};
use super::hosts::Host;
use super::suite::{Case, Concrete, Suite};
use crate::client::{self, Request};
use crate::host::envoy::{Envoy, EnvoySettings};
use crate::host::workerd::{WorkerSettings, Workerd};
use crate::origin::builtin::Builtin;
use crate::step::Step;

/// A host with a listener for each configuration.
pub(super) struct Wire {
    name: &'static str,
    addresses: BTreeMap<String, SocketAddr>,
    origin: Builtin,
    runtime: Runtime,
    /// Whatever must live as long as the listeners.
    _running: Vec<Box<dyn Send>>,
}

impl Wire {
    fn origin(suite: &Suite) -> Result<(Runtime, Builtin)> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let origin = runtime.block_on(Builtin::start(suite.secret("ORIGIN_SECRET")?))?;
        Ok((runtime, origin))
    }

    /// The Worker in workerd, one process for each configuration.
    pub(super) fn workerd(suite: &Suite, artefact: &Path) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let mut addresses = BTreeMap::new();
        let mut running: Vec<Box<dyn Send>> = Vec::new();
        for (name, configuration) in &suite.configurations {
            let settings = WorkerSettings {
                config: configuration.to_string(),
                secrets: suite.secrets.clone(),
                origin: format!("http://{}", origin.address()),
                kv: None,
            };
            let workerd = Workerd::start(&settings, artefact, &format!("cases-{name}"))
                .with_context(|| format!("configuration `{name}`"))?;
            addresses.insert(name.clone(), workerd.address());
            running.push(Box::new(workerd));
        }
        Ok(Self { name: "workerd", addresses, origin, runtime, _running: running })
    }

    /// The filter in Envoy, one process with a listener for each configuration.
    pub(super) fn envoy(suite: &Suite, wasm: &Path, step: &Step) -> Result<Self> {
        let (runtime, origin) = Self::origin(suite)?;
        let settings = |configuration: &serde_json::Value| EnvoySettings {
            config: configuration.to_string(),
            secrets: suite.secrets.clone(),
            origin: origin.address(),
        };
        let listeners: Vec<_> = suite.configurations.values().map(settings).collect();
        let envoy = Envoy::start(&listeners, wasm, "cases", step)?;
        let names = suite.configurations.keys().cloned();
        let addresses = names.enumerate().map(|(index, name)| (name, envoy.address(index))).collect();
        Ok(Self { name: "Envoy", addresses, origin, runtime, _running: vec![Box::new(envoy)] })
    }
}

impl Host for Wire {
    fn name(&self) -> &'static str {
        self.name
    }

    fn play(&mut self, _suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let address =
            *self.addresses.get(&case.configuration).context("no listener for the configuration")?;
        let mut sent = Request::new(&request.method, &request.target);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        let before = self.origin.arrivals().len();
        let response = self.runtime.block_on(client::send(address, &sent))?;
        let arrival = self.origin.arrivals().into_iter().nth(before);
        Ok(match arrival {
            Some(arrival) => Seen::LetIn(Received { target: arrival.target, headers: arrival.headers }),
            None => {
                Seen::Refused { status: response.status, body: response.text(), headers: response.headers }
            }
        })
    }
}
