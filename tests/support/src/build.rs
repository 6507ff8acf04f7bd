//! The artefacts, built by `cargo xtask build` if anything they are made of has changed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::artefact::{ComponentArtefact, NpmArtefact, ProxyWasmArtefact, WorkerArtefact};
use crate::step::Step;
use crate::tools::rust;

/// The environment variable in which xtask names its own program to the tests it starts.
pub const XTASK: &str = "PORTCULLIS_XTASK";

/// Builds the Worker.
///
/// # Errors
///
/// If it does not build.
pub fn worker(step: &Step) -> Result<WorkerArtefact> {
    one("worker", step)
}

/// Builds the Envoy filter.
///
/// # Errors
///
/// If it does not build.
pub fn proxy_wasm(step: &Step) -> Result<ProxyWasmArtefact> {
    one("proxy-wasm", step)
}

/// Builds the components of all worlds.
///
/// # Errors
///
/// If they do not build.
pub fn components(step: &Step) -> Result<Vec<ComponentArtefact>> {
    all("component", step)
}

/// Builds the npm package.
///
/// # Errors
///
/// If it does not build.
pub fn npm(step: &Step) -> Result<NpmArtefact> {
    one("npm", step)
}

/// Builds the example's service with the middleware in front of it, in one component; its file.
///
/// # Errors
///
/// If it does not build.
pub fn guarded_service(step: &Step) -> Result<PathBuf> {
    one("guarded-service", step)
}

/// Builds the example's relay with the middleware for WASI 0.3 in front of it, in one component; its file.
///
/// # Errors
///
/// If it does not build.
pub fn guarded_relay(step: &Step) -> Result<PathBuf> {
    one("guarded-relay", step)
}

fn one<A: DeserializeOwned>(name: &str, step: &Step) -> Result<A> {
    all(name, step)?.pop().with_context(|| format!("`cargo xtask build {name}` built nothing"))
}

fn all<A: DeserializeOwned>(name: &str, step: &Step) -> Result<Vec<A>> {
    let mut command = match std::env::var_os(XTASK) {
        Some(program) => Command::new(program),
        None => {
            let mut cargo = rust::cargo();
            cargo.args(["run", "--quiet", "--bin=xtask", "--"]);
            cargo
        }
    };
    let printed = step.run(command.args(["build", "--json", name]))?;
    printed.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}
