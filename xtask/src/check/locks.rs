//! The lock files: complete, and with nothing in them of the machine that wrote them.

use std::fs;

use anyhow::{Context, Result};

use crate::demo::Summary;
use crate::root::root;
use crate::step::Step;
use crate::tools::rust::cargo;

/// The one source of Rust packages.
const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Checks the locks of the workspace, of the fuzz targets, of the npm tools, of the npm package's tests and of what is
/// compared with.
pub(super) fn check(step: &Step) -> Result<Summary> {
    let mut summary = Summary::default();
    for folder in ["", "tests/fuzz/"] {
        let manifest = format!("--manifest-path={folder}Cargo.toml");
        let complete = step.run(cargo().args(["update", "--workspace", "--locked", "--offline", &manifest]));
        let failure = |error| format!("{folder}Cargo.lock does not fit the manifests: {error:#}");
        summary.count(complete.err().map(failure));
    }

    let read = |path: &str| fs::read_to_string(root().join(path)).with_context(|| path.to_string());
    for path in ["Cargo.lock", "tests/fuzz/Cargo.lock", "xtask/conformance/rust/Cargo.lock"] {
        let cargo_lock = read(path)?;
        let foreign = cargo_lock.lines().find(|line| line.starts_with("source = ") && *line != CRATES_IO);
        summary.count(foreign.map(|line| format!("{path}: {line}: packages come from crates.io only")));
    }

    for path in [
        "xtask/npm/package-lock.json",
        "bindings/npm/test/package-lock.json",
        "xtask/conformance/npm/package-lock.json",
    ] {
        let npm_lock = read(path)?;
        // Such a line names the registry of whoever wrote the file, which others may not reach.
        let resolved = npm_lock.lines().find(|line| line.contains("\"resolved\""));
        summary.count(resolved.map(|line| format!("{path}: {}", line.trim())));
    }
    Ok(summary)
}
