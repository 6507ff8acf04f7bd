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
    find(step, options, |artefact| artefact["executable"].as_str())
}

/// Builds the package `name` of this workspace, which is a library that programs can load; its file.
///
/// # Errors
///
/// If it does not build.
pub fn library(step: &Step, name: &str) -> Result<PathBuf> {
    find(step, &["--package", name], |artefact| {
        let is_it = artefact["target"]["crate_types"][0] == "cdylib";
        artefact["filenames"][0].as_str().filter(|_| is_it)
    })
}

/// Builds with these options; the file that `file` finds in what cargo says of an artefact.
fn find(step: &Step, options: &[&str], file: impl Fn(&Value) -> Option<&str>) -> Result<PathBuf> {
    step.message("cargo build");
    let build = ["build", "--message-format=json-render-diagnostics"];
    let messages = step.run(cargo().args(build).args(options))?;
    let mut artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artefacts
        .find_map(|artefact| file(&artefact).map(PathBuf::from))
        .with_context(|| format!("cargo built nothing to use with {}", options.join(" ")))
}
