//! The stages that are cargo's own: format, clippy, documentation, tests, the build without std.

use anyhow::{Result, bail};

use crate::demo::Summary;
use crate::step::step;
use crate::tools::rust::cargo;

/// The target without std, an operating system or an allocator.
const BARE_TARGET: &str = "thumbv7em-none-eabi";

/// The fuzz targets are a workspace of their own.
const FUZZ: &str = "--manifest-path=tests/fuzz/Cargo.toml";

/// `cargo fmt --check`.
pub(super) fn format() -> Result<Summary> {
    step("cargo fmt --check", |step| {
        step.run(cargo().args(["fmt", "--all", "--check"]))?;
        // Workspaces of their own.
        step.run(cargo().args(["fmt", FUZZ, "--check"]))?;
        step.run(cargo().args(["fmt", "--check", "--manifest-path", "xtask/conformance/rust/Cargo.toml"]))
    })?;
    Ok(Summary::default())
}

/// The crates that are compiled to wasm, and may have code of their own for it. Those without std are checked apart: in
/// one call with the others, cargo would give the crates they share the feature `std`.
const WASM_CRATES: &[(&str, &[&str])] = &[
    (
        "with std",
        &["--package=portcullis-worker", "--package=portcullis-proxy-wasm", "--package=portcullis-npm"],
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
        step.run(cargo().args(["clippy", "--workspace", "--all-targets", "--all-features"]).args(deny))
    })?;
    step("cargo clippy, fuzz targets", |step| {
        // Without the fuzzer's runtime, which clippy has nothing to say about.
        let options = ["--no-default-features", "--all-targets", "--locked", "--target-dir=target"];
        step.run(cargo().args(["clippy", FUZZ]).args(options).args(deny))
    })?;
    for (kind, packages) in WASM_CRATES {
        step(&format!("cargo clippy, the bindings on wasm {kind}"), |step| {
            let wasm = "--target=wasm32-unknown-unknown";
            step.run(cargo().arg("clippy").args(*packages).arg(wasm).args(deny))
        })?;
    }
    Ok(Summary::default())
}

/// `cargo doc`, with broken links and missing pages as errors.
pub(super) fn docs() -> Result<Summary> {
    step("cargo doc", |step| {
        let mut command = cargo();
        command.args(["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "--deny=warnings");
        step.run(&mut command)
    })?;
    Ok(Summary::default())
}

/// The tests of all crates, and the examples in their documentation.
pub(super) fn unit() -> Result<Summary> {
    step("cargo test", |step| {
        let output = step.run_for_output(cargo().args(["test", "--workspace", "--no-fail-fast"]))?;
        let summary = read_results(&output.stdout);
        if !output.status.success() && summary.failed.is_empty() {
            bail!("cargo test failed ({})\n{}", output.status, output.tail());
        }
        if !summary.failed.is_empty() {
            step.say(&output.tail());
        }
        step.say(&format!("{} tests passed, {} failed", summary.passed, summary.failed.len()));
        Ok(summary)
    })
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
            step.run(cargo().args(core).args(only).args(["--", "--deny=warnings"]))?;
        }
        Ok(())
    })?;
    step(&format!("cargo build for {BARE_TARGET}"), |step| {
        step.run(cargo().args(["build", "--package=portcullis-no-std", &target]))
    })?;
    Ok(Summary::default())
}

/// Adds up the lines `test result: ok. 12 passed; 0 failed; …` and collects the names of tests that failed.
fn read_results(stdout: &str) -> Summary {
    let mut summary = Summary::default();
    for line in stdout.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            let mut words = result.split_whitespace().zip(result.split_whitespace().skip(1));
            let passed = words.find(|(_, word)| *word == "passed;").and_then(|(count, _)| count.parse().ok());
            summary.passed += passed.unwrap_or(0);
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"))
        {
            summary.failed.push(format!("test {name}"));
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::read_results;

    #[test]
    fn results_are_added_up() {
        let summary = read_results(
            "running 3 tests\ntest a ... ok\ntest b::c ... FAILED\n\
             test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!((summary.passed, summary.failed), (42, vec!["test b::c".to_string()]));
    }
}
