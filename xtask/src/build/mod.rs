//! Builds of the artefacts that are shipped.

mod cli;
mod component;
mod module;
mod npm;
mod proxy_wasm;
mod worker;

use std::fmt::Display;

use anyhow::Result;
use clap::ValueEnum;

pub(crate) use cli::cli;
pub(crate) use component::{ComponentArtefact, component, compose, service};
pub(crate) use npm::{NpmArtefact, npm};
pub(crate) use proxy_wasm::{ProxyWasmArtefact, proxy_wasm};
pub(crate) use worker::{WorkerArtefact, worker};

use crate::step::step;

/// The artefacts that can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Artefact {
    /// The Cloudflare Worker: dist/worker.
    Worker,
    /// The filter for Envoy: dist/portcullis.proxy.wasm.
    ProxyWasm,
    /// The WASI components: dist/portcullis.{gate,middleware,reverse-proxy}.wasm.
    Component,
    /// The npm package: dist/npm and its tarball.
    Npm,
    /// All of them.
    All,
}

/// `cargo xtask build`: builds and prints sizes.
pub(crate) fn run(artefact: Artefact) -> Result<bool> {
    let wanted = |one| artefact == one || artefact == Artefact::All;
    let mut built: Vec<Box<dyn Display>> = Vec::new();
    if wanted(Artefact::Worker) {
        built.push(Box::new(step("build the Worker", worker)?));
    }
    if wanted(Artefact::ProxyWasm) {
        built.push(Box::new(step("build the Envoy filter", proxy_wasm)?));
    }
    if wanted(Artefact::Component) {
        for component in step("build the components", component)? {
            built.push(Box::new(component));
        }
    }
    if wanted(Artefact::Npm) {
        built.push(Box::new(step("build the npm package", npm)?));
    }
    for artefact in built {
        println!("{artefact}");
    }
    Ok(true)
}
