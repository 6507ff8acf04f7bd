//! What fuzzing takes: the nightly compiler, cargo-fuzz, and a C++ compiler for the fuzzer's runtime.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use portcullis_test_support::root::target;
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::nightly;
use portcullis_test_support::tools::rust::{cargo, rustup};
use portcullis_test_support::tools::stamp::{Stamp, lock};

/// The pinned cargo-fuzz.
const CARGO_FUZZ: &str = "0.13.2";

/// The tools, installed.
#[derive(Debug)]
pub(crate) struct FuzzTools {
    toolchain: &'static str,
    /// The target triple of this machine.
    pub(crate) host: String,
    cargo_fuzz: PathBuf,
}

impl FuzzTools {
    /// `cargo fuzz` under the pinned compiler.
    pub(crate) fn cargo_fuzz(&self) -> Command {
        let mut command = nightly::command(self.toolchain, &self.cargo_fuzz);
        command.arg("fuzz");
        command
    }
}

/// Installs what is missing.
///
/// # Errors
///
/// If there is no C++ compiler, or rustup or cargo cannot install; with what to do by hand.
pub(crate) fn prepare(step: &Step) -> Result<FuzzTools> {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
    step.run(Command::new(&compiler).arg("--version"))
        .context("the fuzzer's runtime is compiled from C++")?;
    let _lock = lock("fuzz-tools")?;
    let toolchain = nightly::toolchain(step)?;
    let version = step.run(rustup().args(["run", toolchain, "rustc", "--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| anyhow!("rustc does not say what machine this is:\n{version}"))?.to_owned();
    Ok(FuzzTools { toolchain, host, cargo_fuzz: install(step)? })
}

/// Installs cargo-fuzz, once, and returns its path.
fn install(step: &Step) -> Result<PathBuf> {
    let dir = target("cargo-fuzz");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let stamp = Stamp::new(&dir, &[CARGO_FUZZ.as_bytes()]);
    let binary = dir.join("bin").join("cargo-fuzz");
    if !stamp.matches() || !binary.exists() {
        step.message(format!("installing cargo-fuzz {CARGO_FUZZ}"));
        // It only puts together a call of cargo: optimising it would take longer than it ever runs.
        let options = ["--debug", "--locked", "--version", CARGO_FUZZ, "--root"];
        step.run(cargo().args(["install", "cargo-fuzz"]).args(options).arg(&dir)).with_context(|| {
            format!(
                "could not install cargo-fuzz; try `cargo install cargo-fuzz --version {CARGO_FUZZ}` by hand"
            )
        })?;
        stamp.set()?;
    }
    Ok(binary)
}
