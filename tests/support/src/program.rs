//! Programs of this workspace, built by cargo.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::step::Step;
use crate::tools::rust::cargo;

/// Builds the program `name` of this workspace; its file. Not as the program of its package: cargo would compile what that
/// shares with the tests once more, with the features that the package alone asks for.
///
/// # Errors
///
/// If it does not build.
pub fn build(step: &Step, name: &str) -> Result<PathBuf> {
    built(step, &[&format!("--bin={name}")])
}

/// Builds the one program that `cargo build` with these options makes; its file.
///
/// # Errors
///
/// If it does not build.
pub fn built(step: &Step, options: &[&str]) -> Result<PathBuf> {
    step.message("cargo build");
    let build = ["build", "--message-format=json-render-diagnostics"];
    let messages = step.run(cargo().args(build).args(options))?;
    let mut artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artefacts
        .find_map(|artefact| artefact["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program with {}", options.join(" ")))
}
