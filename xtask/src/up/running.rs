//! A host that is up.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, Result};
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::host::workerd::{WorkerSettings, Workerd};
use portcullis_test_support::step::step;

use super::args::{HostKind, UpArgs};
use super::document::Document;
use crate::build;

/// A host that is up. Stopped when dropped.
pub(super) enum Running {
    Worker(Workerd),
    Envoy(Envoy),
    Component(WasmtimeServe),
}

/// What the host is started with: the folder of the Worker, or the file of the module.
pub(super) fn built(host: HostKind) -> Result<PathBuf> {
    Ok(match host {
        HostKind::Worker => step("build the Worker", build::worker)?.dir,
        HostKind::Envoy => step("build the Envoy filter", build::proxy_wasm)?.path,
        HostKind::Component => {
            let artefacts = step("build the components", build::component)?;
            let proxy = artefacts.into_iter().find(|artefact| artefact.name == "proxy");
            proxy.context("no component `proxy`")?.path
        }
    })
}

impl Running {
    pub(super) fn start(
        args: &UpArgs,
        origin: SocketAddr,
        artefact: &Path,
        document: Document,
    ) -> Result<Self> {
        let Document { text: config, secrets } = document;
        // A folder for each address: what else is up keeps its own.
        let name = format!("up-{}", args.listen.to_string().replace([':', '[', ']'], "-"));
        Ok(match args.host {
            HostKind::Worker => {
                let settings = WorkerSettings { config, secrets, origin: args.origin.clone(), kv: None };
                Self::Worker(step("start workerd", |_| {
                    Workerd::start_at(&settings, artefact, &name, args.listen)
                })?)
            }
            HostKind::Envoy => {
                let settings = EnvoySettings { config, secrets, origin };
                Self::Envoy(step("start Envoy", |step| {
                    Envoy::start_at(&[settings], artefact, &name, Some(args.listen), step)
                })?)
            }
            HostKind::Component => {
                let mut environment = secrets;
                environment.insert("PORTCULLIS_CONFIG".to_owned(), config);
                environment.insert("ORIGIN".to_owned(), args.origin.clone());
                Self::Component(WasmtimeServe::start_at(artefact, &environment, &[], &name, args.listen)?)
            }
        })
    }

    /// Whole lines that it has printed.
    pub(super) fn lines(&self) -> Vec<String> {
        let log = match self {
            Self::Worker(host) => host.log(),
            Self::Envoy(host) => host.log(),
            Self::Component(host) => host.log(),
        };
        let mut lines: Vec<String> = log.split('\n').map(str::to_owned).collect();
        // The one of a file is not whole until its end is written; where lines are collected, it is the last of them.
        if matches!(self, Self::Component(_)) || log.is_empty() {
            lines.pop();
        }
        lines
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match self {
            Self::Worker(host) => host.ended(),
            Self::Envoy(host) => host.ended(),
            Self::Component(host) => host.ended(),
        }
    }
}
