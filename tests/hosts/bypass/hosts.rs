//! The hosts with the gate in them, each in front of the origin.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use portcullis_test_support::build;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;

use crate::source::Speaks;
use crate::systems::System;

/// The hosts, by name.
pub(crate) const NAMES: [&str; 3] = ["worker", "envoy", "component"];

/// What a host speaks besides HTTP/1.1.
pub(crate) fn speaks(name: &str) -> Speaks {
    Speaks {
        http2: name == "envoy",
        websockets: name != "component",
        // A workerd of one's own shows the Worker what stands in `Host`.
        target_names_host: name != "worker",
    }
}

/// What runs in the hosts.
#[derive(Debug)]
pub(crate) struct Artefacts {
    worker: PathBuf,
    filter: PathBuf,
    proxy: PathBuf,
}

impl Artefacts {
    /// Those in the folder `dist`, or those of this tree.
    pub(crate) fn find(dist: Option<&Path>) -> Result<Self> {
        if let Some(dist) = dist {
            // By its name, and by the one it had before.
            let filters = ["portcullis.envoy.wasm", "portcullis.proxy.wasm"].map(|name| dist.join(name));
            return Ok(Self {
                worker: dist.join("worker"),
                filter: filters.into_iter().find(|file| file.exists()).context("no filter for Envoy")?,
                proxy: dist.join("portcullis.reverse-proxy.wasm"),
            });
        }
        step("build Worker, filter and components", |step| {
            let components = build::components(step)?;
            let proxy = components.into_iter().find(|component| component.name == "proxy");
            Ok(Self {
                worker: build::worker(step)?.dir,
                filter: build::proxy_wasm(step)?.path,
                proxy: proxy.context("no component of the world `proxy` was built")?.path,
            })
        })
    }
}

/// A running host, with a gate for each of some systems.
pub(crate) enum Host {
    Worker(Workerd),
    Envoy(Envoy),
    Component(WasmtimeServe),
}

impl Host {
    /// One process for one system.
    pub(crate) fn single(
        name: &str,
        artefacts: &Artefacts,
        system: &System,
        origin: SocketAddr,
    ) -> Result<Self> {
        let known_as = format!("bypass-{}", system.name);
        let origin = format!("http://{origin}");
        if name == "worker" {
            let settings = WorkerSettings {
                config: system.document.to_string(),
                secrets: system.secrets.clone(),
                origin,
                kv: None,
            };
            return Ok(Self::Worker(Workerd::start(&settings, &artefacts.worker, &known_as)?));
        }
        let mut environment: BTreeMap<String, String> = system.secrets.clone();
        environment.insert("PORTCULLIS_CONFIG".to_owned(), system.document.to_string());
        environment.insert("ORIGIN".to_owned(), origin);
        Ok(Self::Component(WasmtimeServe::start(&artefacts.proxy, &environment, &[], &known_as)?))
    }

    /// One Envoy with a listener for each system.
    pub(crate) fn envoy(artefacts: &Artefacts, systems: &[(&System, SocketAddr)]) -> Result<Self> {
        let settings: Vec<_> = systems
            .iter()
            .map(|(system, origin)| EnvoySettings {
                config: system.document.to_string(),
                secrets: system.secrets.clone(),
                origin: *origin,
            })
            .collect();
        step("start Envoy", |step| {
            Ok(Self::Envoy(Envoy::start(&settings, &artefacts.filter, "bypass", step)?))
        })
    }

    /// Where the gate for the system at `index` listens.
    pub(crate) fn address(&self, index: usize) -> SocketAddr {
        match self {
            Self::Worker(workerd) => workerd.address(),
            Self::Envoy(envoy) => envoy.address(index),
            Self::Component(serve) => serve.address(),
        }
    }
}
