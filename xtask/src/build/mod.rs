//! Builds of the artefacts that are shipped.

mod worker;

use anyhow::Result;

pub(crate) use worker::{WorkerArtefact, imports, worker};

use crate::step::step;

/// `cargo xtask build worker`.
pub(crate) fn print_worker() -> Result<bool> {
    let artefact = step("build the Worker", worker)?;
    println!("{artefact}");
    Ok(true)
}
