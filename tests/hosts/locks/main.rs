//! The lock files: complete, and with nothing in them of the machine that wrote them.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::tools::rust::cargo;

/// The one source of Rust packages.
const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// The locks of the workspace, of the fuzz targets, and of what is compared with.
const OF_CARGO: &[&str] = &[
    "Cargo.lock",
    "tests/fuzz/Cargo.lock",
    "tests/conformance/rust/Cargo.lock",
    "tests/reference/cedar/Cargo.lock",
];
/// The locks of the npm tools, of the npm package's tests, and of what is compared with.
const OF_NPM: &[&str] = &[
    "tests/support/npm/package-lock.json",
    "tests/systems/r2r/package-lock.json",
    "bindings/npm/test/package-lock.json",
    "tests/conformance/npm/package-lock.json",
];

fn main() -> ExitCode {
    let mut tests = Vec::new();
    for folder in ["", "tests/fuzz/"] {
        let name = format!("locks::{folder}Cargo.lock: complete");
        tests.push(harness::check(name, move || complete(folder)));
    }
    for path in OF_CARGO {
        let name = format!("locks::{path}: packages come from crates.io only");
        tests.push(harness::check(name, move || {
            no_line(path, |line| line.starts_with("source = ") && line != CRATES_IO)
        }));
    }
    for path in OF_NPM {
        let name = format!("locks::{path}: names no registry");
        // Such a line names the registry of whoever wrote the file, which others may not reach.
        tests.push(harness::check(name, move || no_line(path, |line| line.contains("\"resolved\""))));
    }
    harness::run(tests, Order::Sequential)
}

/// The lock of the workspace in `folder` fits its manifests.
fn complete(folder: &str) -> Result<()> {
    let manifest = format!("--manifest-path={folder}Cargo.toml");
    // Not offline: on a fresh machine nothing else may have asked for the packages of the fuzz targets yet.
    step("cargo fetch --locked", |step| step.run(cargo().args(["fetch", "--locked", &manifest])).map(drop))
}

/// No line of a lock is one of those.
fn no_line(path: &str, unwanted: impl Fn(&str) -> bool) -> Result<()> {
    let lock = fs::read_to_string(root().join(path)).with_context(|| path.to_string())?;
    match lock.lines().find(|line| unwanted(line)) {
        Some(line) => bail!("{path}: {}", line.trim()),
        None => Ok(()),
    }
}
