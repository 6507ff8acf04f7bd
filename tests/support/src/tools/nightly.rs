//! The pinned nightly compiler, for what the stable one cannot do: fuzzing, and counting branches.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::rust::rustup;
use crate::step::Step;

/// The pinned nightly, as rustup calls it.
const TOOLCHAIN: &str = "nightly-2026-05-20";
/// What its compiler says of itself: a `nightly` that says the same is the same, and need not be downloaded again.
const RELEASE: &str = "rustc 1.97.0-nightly (e50aa6fba 2026-05-19)";

/// The name of the pinned toolchain, installed if it is missing.
///
/// # Errors
///
/// If rustup cannot install it; with what to do by hand.
pub fn toolchain(step: &Step) -> Result<&'static str> {
    for name in [TOOLCHAIN, "nightly"] {
        let version = step.run(rustup().args(["run", name, "rustc", "--version"]));
        if version.is_ok_and(|version| version.trim() == RELEASE) {
            return Ok(name);
        }
    }
    let install = ["toolchain", "install", TOOLCHAIN, "--profile", "minimal", "--no-self-update"];
    step.message(format!("installing {TOOLCHAIN}"));
    step.run(rustup().args(install)).with_context(|| {
        format!("could not install the nightly compiler; try `rustup {}` by hand", install.join(" "))
    })?;
    Ok(TOOLCHAIN)
}

/// Adds a component of `toolchain`; nothing happens if it is there.
///
/// # Errors
///
/// If rustup cannot add it.
pub fn component(toolchain: &str, name: &str, step: &Step) -> Result<()> {
    step.run(rustup().args(["component", "add", name, "--toolchain", toolchain])).map(drop)
}

/// `program` under the compiler of `toolchain`.
pub fn command(toolchain: &str, program: &Path) -> Command {
    let mut command = rustup();
    command.args(["run", toolchain]).arg(program);
    // The cargo that runs xtask is of another toolchain, and says so in the environment.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}
