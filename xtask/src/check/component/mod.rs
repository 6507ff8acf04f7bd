//! The WASI components as they are shipped: size, the pure gate against the core it is made of, the pure gate in a host of
//! another language, and the two HTTP components in wasmtime.

mod bodies;
mod differential;
mod gate;
mod middleware;
mod props;
mod proxy;
mod python;
mod served;

use anyhow::{Context, Result};

use crate::build::{self, ComponentArtefact};
use crate::demo::Summary;
use crate::host::gate::GateComponent;
use crate::step::step;

use props::Props;

/// Ceiling for each component after gzip; here so that growth is noticed in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 415 * 1024;

/// Builds the components and runs all checks.
pub(super) fn check() -> Result<Summary> {
    let artefacts = step("build the components", |step| {
        let artefacts = build::component(step)?;
        artefacts.iter().for_each(|artefact| step.say(&artefact.to_string()));
        Ok(artefacts)
    })?;
    let named = |name: &str| {
        let found = artefacts.iter().find(|artefact| artefact.name == name);
        found.with_context(|| format!("no component `{name}`"))
    };
    let props = Props::make()?;
    let mut summary = Summary::default();
    step("imports and size", |_| {
        artefacts.iter().for_each(|artefact| inspect(artefact, &mut summary));
        Ok(())
    })?;
    let gate =
        step("compile the gate in wasmtime", |step| GateComponent::compile(step, &named("gate")?.path))?;
    step("configurations the gate refuses", |_| gate::refused(&gate, &props, &mut summary))?;
    step("requests nobody sends in good faith", |_| gate::hostile(&gate, &props, &mut summary))?;
    step("the gate and the core agree", |_| differential::check(&gate, &props, &mut summary))?;
    step("the gate in Python", |step| python::check(step, &named("gate")?.path, &mut summary))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    step("the proxy in wasmtime", |_| proxy::forwarding(named("proxy")?, &props, &runtime, &mut summary))?;
    step("bodies through the proxy", |_| bodies::check(named("proxy")?, &props, &runtime, &mut summary))?;
    step("the proxy without what it needs", |_| {
        proxy::lacking(named("proxy")?, &props, &runtime, &mut summary)
    })?;
    step("the proxy after a trap", |_| proxy::recovery(named("proxy")?, &props, &runtime, &mut summary))?;
    step("the middleware in wasmtime", |_| {
        middleware::check(named("middleware")?, &props, &runtime, &mut summary)
    })?;
    Ok(summary)
}

/// The build has compared the imports with its lists already; that the gate's list is empty is what the check is about.
fn inspect(artefact: &ComponentArtefact, summary: &mut Summary) {
    let ComponentArtefact { name, wasm_gzip_bytes, imports, .. } = artefact;
    let over = *wasm_gzip_bytes > GZIP_BUDGET_BYTES;
    summary.count(over.then(|| {
        format!("{name} has {wasm_gzip_bytes} bytes after gzip, more than the budget of {GZIP_BUDGET_BYTES}")
    }));
    if *name == "gate" {
        summary.count((!imports.is_empty()).then(|| format!("the gate imports {}", imports.join(", "))));
    }
}
