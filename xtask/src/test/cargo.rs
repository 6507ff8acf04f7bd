//! The stages, which are all cargo's: format, clippy, documentation, tests, the build without std.

use std::process::Command;

use anyhow::{Context, Result, bail};
use portcullis_test_support::build;
use portcullis_test_support::root::target;
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::rust::cargo;

use super::results;

/// The target without std, an operating system or an allocator.
const BARE_TARGET: &str = "thumbv7em-none-eabi";

/// Where what is only checked goes: cargo works in a folder for one command at a time, and tests run meanwhile.
fn beside() -> Command {
    let mut command = cargo();
    command.env("CARGO_TARGET_DIR", target("beside"));
    command
}

/// The fuzz targets are a workspace of their own.
const FUZZ: &str = "--manifest-path=tests/fuzz/Cargo.toml";

/// `cargo fmt --check`.
pub(super) fn format() -> Result<Summary> {
    step("cargo fmt --check", |step| {
        step.run(cargo().args(["fmt", "--all", "--check"]))?;
        // Workspaces of their own.
        step.run(cargo().args(["fmt", FUZZ, "--check"]))?;
        for manifest in ["tests/conformance/rust/Cargo.toml", "tests/reference/cedar/Cargo.toml"] {
            step.run(cargo().args(["fmt", "--check", "--manifest-path", manifest]))?;
        }
        Ok(())
    })?;
    Ok(Summary::default())
}

/// The crates that are compiled to wasm, and may have code of their own for it. Those without std are checked apart: in
/// one call with the others, cargo would give the crates they share the feature `std`.
const WASM_CRATES: &[(&str, &[&str])] = &[
    (
        "with std",
        &[
            "--package=portcullis-worker",
            "--package=portcullis-proxy-wasm",
            "--package=portcullis-npm",
            // For pages that explain a decision in the browser.
            "--package=portcullis-analysis",
        ],
    ),
    (
        "without std",
        &["--package=portcullis-gate", "--package=portcullis-middleware", "--package=portcullis-proxy"],
    ),
];

/// Clippy for the host, and for wasm.
pub(super) fn clippy() -> Result<Summary> {
    let deny = ["--", "--deny=warnings"];
    step("cargo clippy, all crates", |step| {
        step.run(beside().args(["clippy", "--workspace", "--all-targets", "--all-features"]).args(deny))
    })?;
    step("cargo clippy, fuzz targets", |step| {
        // Without the fuzzer's runtime, which clippy has nothing to say about.
        let options = ["--no-default-features", "--all-targets", "--locked"];
        step.run(beside().args(["clippy", FUZZ]).args(options).args(deny))
    })?;
    for (kind, packages) in WASM_CRATES {
        step(&format!("cargo clippy, on wasm, {kind}"), |step| {
            let wasm = "--target=wasm32-unknown-unknown";
            step.run(beside().arg("clippy").args(*packages).arg(wasm).args(deny))
        })?;
    }
    Ok(Summary::default())
}

/// `cargo doc`, with broken links and missing pages as errors.
pub(super) fn docs() -> Result<Summary> {
    step("cargo doc", |step| {
        let mut command = beside();
        // With the features of clippy's call, whose results it can use.
        command
            .args(["doc", "--no-deps", "--workspace", "--all-features"])
            .env("RUSTDOCFLAGS", "--deny=warnings");
        step.run(&mut command)
    })?;
    Ok(Summary::default())
}

/// The package whose tests need a host, each file of them a stage of its own.
const HOST_TESTS: &str = "portcullis-host-tests";

/// The tests of all crates that need no host, and the examples in their documentation.
pub(super) fn unit_tests() -> Result<Summary> {
    step("cargo test", |step| tests(&["--exclude", HOST_TESTS], step))
}

/// The tests in the file `name` of those that need a host.
pub(super) fn host_tests(name: &str) -> Result<Summary> {
    step(&format!("cargo test --package {HOST_TESTS} --test {name}"), |step| tests(&["--test", name], step))
}

/// What the lines of a table begin with.
const TABLE: [char; 4] = ['┌', '│', '╞', '└'];

/// Runs tests of the workspace and adds up their results. Always of the whole: cargo would compile what all crates share
/// once more for a part of them that asks for fewer features.
fn tests(options: &[&str], step: &Step) -> Result<Summary> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(options);
    // Not `current_exe`, which follows a program that cargo has replaced since.
    let program = std::env::args_os().next().context("xtask does not know its own name")?;
    command.env(build::XTASK, std::path::absolute(program)?);
    let output = step.run_for_output(&mut command)?;
    let summary = results::read(&output.stdout);
    if !output.status.success() && summary.failed.is_empty() {
        bail!("cargo test failed ({})\n{}", output.status, output.tail());
    }
    // The cases by host.
    output.stdout.lines().filter(|line| line.starts_with(TABLE)).for_each(|line| println!("{line}"));
    step.say(&format!("{} passed, {} failed", summary.passed, summary.failed.len()));
    Ok(summary)
}

/// The families of algorithms, one by one and none at all: each must stand by itself.
const FEATURES: &[&str] = &["", "hmac", "rsa", "ecdsa", "eddsa"];

/// The core and all it depends on, linked where there is no std, and checked with each family of algorithms alone.
pub(super) fn no_std() -> Result<Summary> {
    let target = format!("--target={BARE_TARGET}");
    step("cargo clippy, each family of algorithms alone", |step| {
        for features in FEATURES {
            let only = ["--no-default-features", "--features", features];
            let core = ["clippy", "--package=portcullis", "--lib", &target];
            step.run(beside().args(core).args(only).args(["--", "--deny=warnings"]))?;
        }
        Ok(())
    })?;
    step(&format!("cargo build for {BARE_TARGET}"), |step| {
        step.run(beside().args(["build", "--package=portcullis-no-std", &target]))
    })?;
    Ok(Summary::default())
}
