//! The command `portcullis`, as `cargo run -p portcullis-cli` runs it.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use serde_json::Value;

use crate::step::Step;
use crate::tools::rust::cargo;

/// Builds the command; returns the program.
///
/// # Errors
///
/// If it does not build.
pub(crate) fn cli(step: &Step) -> Result<PathBuf> {
    step.message("cargo build");
    let build = ["build", "--package=portcullis-cli", "--message-format=json-render-diagnostics"];
    let messages = step.run(cargo().args(build))?;
    let mut artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artefacts
        .find_map(|artefact| artefact["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| anyhow!("cargo built no program"))
}
