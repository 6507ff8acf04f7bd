//! Builds of the artefacts that are shipped.

mod component;
mod module;
mod npm;
mod proxy_wasm;
mod worker;

use std::fmt::Display;

use anyhow::Result;
use clap::{Args, ValueEnum};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde::Serialize;

pub(crate) use component::{component, guarded_relay, guarded_service};
pub(crate) use module::sizes;
pub(crate) use npm::{npm, npm_symmetric};
pub(crate) use proxy_wasm::{proxy_wasm, trimmed};
pub(crate) use worker::worker;

/// What to build.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Which one.
    artefact: Artefact,
    /// Prints each artefact as a line of JSON, for the tests.
    #[arg(long)]
    json: bool,
}

/// The artefacts that can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Artefact {
    /// The Cloudflare Worker: dist/worker.
    Worker,
    /// The filter for Envoy: dist/portcullis.envoy.wasm.
    ProxyWasm,
    /// The WASI components: dist/portcullis.{gate,middleware,middleware-p3,reverse-proxy}.wasm.
    Component,
    /// The npm package: dist/npm and its tarball.
    Npm,
    /// All of these.
    All,
    /// The example's service behind the middleware, in one component, for the tests.
    GuardedService,
    /// The example's relay behind the middleware for WASI 0.3, in one component, for the tests.
    GuardedRelay,
}

/// `cargo xtask build`: builds and prints sizes.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn run(args: &BuildArgs) -> Result<bool> {
    let wanted = |one| args.artefact == one || args.artefact == Artefact::All;
    let mut lines = Vec::new();
    if wanted(Artefact::Worker) {
        lines.push(line(&step("build the Worker", worker)?, args.json)?);
    }
    if wanted(Artefact::ProxyWasm) {
        lines.push(line(&step("build the Envoy filter", proxy_wasm)?, args.json)?);
    }
    if wanted(Artefact::Component) {
        for component in step("build the components", component)? {
            lines.push(line(&component, args.json)?);
        }
    }
    if wanted(Artefact::Npm) {
        lines.push(line(&step("build the npm package", npm)?, args.json)?);
    }
    if args.artefact == Artefact::GuardedService {
        lines.push(line(
            &step("build the service behind the middleware", guarded_service)?.display().to_string(),
            args.json,
        )?);
    }
    if args.artefact == Artefact::GuardedRelay {
        lines.push(line(
            &step("build the relay behind the middleware", guarded_relay)?.display().to_string(),
            args.json,
        )?);
    }
    lines.iter().for_each(|line| println!("{line}"));
    Ok(true)
}

/// The stage of `cargo xtask test`: all artefacts, which the stages of the hosts then find built.
///
/// # Errors
///
/// If something does not build, imports what it should not, or is too large.
pub(crate) fn check() -> Result<Summary> {
    step("build the Worker", worker)?;
    step("build the components", component)?;
    step("build the Envoy filter", proxy_wasm)?;
    step("build the npm package", npm)?;
    Ok(Summary::default())
}

fn line(artefact: &(impl Display + Serialize), json: bool) -> Result<String> {
    Ok(if json { serde_json::to_string(artefact)? } else { artefact.to_string() })
}
