//! `cargo xtask mutants`: whether the tests notice when the core does something else.
//!
//! Which mutants may live and why, says `.cargo/mutants.toml`; what came of all of them, `docs/mutants.md`. The test command
//! tries a few, other ones for each commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::rust::cargo;
use portcullis_test_support::tools::stamp::{Stamp, lock};

/// The pinned cargo-mutants.
const CARGO_MUTANTS: &str = "27.1.0";

/// Whose tests the mutants are tested with.
const TESTS: &[&str] = &[
    "portcullis",
    "portcullis-tests",
    "portcullis-config",
    "portcullis-analysis",
    "portcullis-reference",
    "portcullis-host-tests",
];

/// Which of them: unit tests, those through the public API, the second opinion, and the shared cases before the core itself.
/// Doc tests would double the time, and the other hosts are built from the same code.
const OF_THEM: &[&str] = &[
    "--lib",
    "--test=it",
    "--test=paths",
    "--test=policies",
    "--test=requests",
    "--test=cases",
    "--",
    "--skip=cases::workerd",
    "--skip=cases::envoy",
    "--skip=cases::wasmtime",
    "--skip=cases::node",
    "--skip=cases::python",
];

/// Files all of whose mutants are noticed by the tests of the core alone, which build in a fraction of the time: the test
/// command takes its few from these.
const SAMPLED: &[&str] = &[
    "src/claims/scopes.rs",
    "src/credential/{cross_site,syntax}.rs",
    "src/jwk/*.rs",
    "src/jws.rs",
    "src/key/*.rs",
    "src/percent.rs",
    "src/policy/{authorize,binding,bits,permission}.rs",
    "src/policy/binding/*.rs",
    "src/request/headers.rs",
    "src/sources/url.rs",
    "src/validity.rs",
];
const SAMPLE_TESTS: &[&str] = &["portcullis", "portcullis-tests"];
const OF_THE_SAMPLE: &[&str] = &["--lib", "--test=it"];

/// One mutant in how many of the sampled files is tried, which makes two or three.
const SAMPLE_SHARDS: u32 = 200;

/// For how long a mutant may keep the tests busy, in seconds: one that never ends has been noticed.
const TIMEOUT_SECS: u32 = 300;

/// Which mutants.
#[derive(Debug, Args)]
pub(crate) struct MutantsArgs {
    /// Only those of this file, or of files that match this glob: `src/gate/**`.
    #[arg(long, value_name = "GLOB")]
    file: Option<String>,
    /// Only one part of them: `3/20` is the fourth of twenty.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Goes on where an earlier run has ended, with what was not caught then.
    #[arg(long)]
    again: bool,
}

/// `cargo xtask mutants`: whether all of them were caught.
///
/// # Errors
///
/// If cargo-mutants cannot be installed, or the tests fail without a mutant.
pub(crate) fn run(args: &MutantsArgs) -> Result<bool> {
    let mut options = Vec::new();
    if let Some(file) = &args.file {
        options.extend(["--file".to_owned(), file.clone()]);
    }
    if let Some(shard) = &args.shard {
        options.extend(["--shard".to_owned(), shard.clone()]);
    }
    if args.again {
        options.push("--iterate".to_owned());
    }
    // Not by cargo-mutants: it would try the package alone that the mutants are in, which has no such tests.
    step("the tests, without a mutant", |step| {
        let packages = TESTS.iter().map(|package| format!("--package={package}"));
        step.run(cargo().arg("test").args(packages).args(OF_THEM).current_dir(root()))
    })?;
    let summary = play(&options, TESTS, OF_THEM)?;
    println!("{} caught, {} not", summary.passed, summary.failed.len());
    for mutant in &summary.failed {
        println!("  {mutant}");
    }
    Ok(summary.failed.is_empty())
}

/// The stage of `cargo xtask test`: a few mutants, which the commit chooses. Its other stages have run the tests without.
///
/// # Errors
///
/// If cargo-mutants cannot be installed or run.
pub(crate) fn check() -> Result<Summary> {
    let commit = step("the commit", |step| {
        step.run(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()))
    })?;
    let digits = commit.get(..8).unwrap_or_default();
    let number = u32::from_str_radix(digits, 16).context("`git rev-parse HEAD` names no commit")?;
    let shard = number % SAMPLE_SHARDS;
    let mut options: Vec<_> = SAMPLED.iter().map(|file| format!("--file={file}")).collect();
    // In turn: of equal stretches the last ones may be empty.
    options.extend([format!("--shard={shard}/{SAMPLE_SHARDS}"), "--sharding=round-robin".to_owned()]);
    let summary = play(&options, SAMPLE_TESTS, OF_THE_SAMPLE)?;
    let told = |mutant: String| format!("no test notices: {mutant} (`cargo xtask mutants` tries it again)");
    Ok(Summary { failed: summary.failed.into_iter().map(told).collect(), ..summary })
}

/// Tries mutants with these tests of these packages.
fn play(options: &[String], packages: &[&str], tests: &[&str]) -> Result<Summary> {
    let binary = step("cargo-mutants", install)?;
    let output = target("mutants");
    fs::create_dir_all(&output).with_context(|| output.display().to_string())?;
    step("test the mutants", |step| {
        let mut command = cargo();
        command.env("PATH", path_with(&binary)?).current_dir(root());
        // Kept between runs, and apart from the builds of what is no mutant.
        command.env("CARGO_TARGET_DIR", target("mutants-build"));
        command.args(["mutants", "--package=portcullis", "--test-package", &packages.join(",")]);
        command.args(["--baseline=skip", &format!("--timeout={TIMEOUT_SECS}"), "--output"]).arg(&output);
        command.args(["--no-times", "--colors=never"]).args(options).arg("--").args(tests);
        // What cannot be found out is found in the report: the command fails as soon as one mutant lives.
        let printed = step.run_for_output(&mut command)?;
        let summary = read(&output.join("mutants.out"))
            .with_context(|| format!("cargo mutants has left no report\n{}", printed.tail()))?;
        if summary.passed + summary.failed.len() == 0 && !printed.status.success() {
            bail!("cargo mutants failed ({})\n{}", printed.status, printed.tail());
        }
        step.say(&format!("{} caught, {} not", summary.passed, summary.failed.len()));
        Ok(summary)
    })
}

/// What became of the mutants, from the report in `folder`. One that does not compile is no mutant.
fn read(folder: &Path) -> Result<Summary> {
    let file = folder.join("outcomes.json");
    let report: Value =
        serde_json::from_slice(&fs::read(&file).with_context(|| file.display().to_string())?)?;
    let outcomes = report["outcomes"].as_array().context("no outcomes")?;
    let mut summary = Summary::default();
    for outcome in outcomes {
        let Some(name) = outcome["scenario"]["Mutant"]["name"].as_str() else {
            continue;
        };
        match outcome["summary"].as_str().unwrap_or_default() {
            "CaughtMutant" | "Timeout" => summary.passed += 1,
            "Unviable" => {}
            _ => summary.failed.push(name.to_owned()),
        }
    }
    Ok(summary)
}

/// The search path with the folder of `binary` in front, where cargo finds its subcommands.
fn path_with(binary: &Path) -> Result<std::ffi::OsString> {
    let folder = binary.parent().unwrap_or(binary).to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&rest)))?)
}

/// Installs cargo-mutants, once, and returns its path.
fn install(step: &Step) -> Result<PathBuf> {
    let dir = target("cargo-mutants");
    let _lock = lock("cargo-mutants")?;
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let stamp = Stamp::new(&dir, &[CARGO_MUTANTS.as_bytes()]);
    let binary = dir.join("bin").join("cargo-mutants");
    if !stamp.matches() || !binary.exists() {
        step.message(format!("installing cargo-mutants {CARGO_MUTANTS}"));
        // It waits for compilers all the time: optimising it would take longer than it saves.
        let options = ["--debug", "--locked", "--version", CARGO_MUTANTS, "--root"];
        step.run(cargo().args(["install", "cargo-mutants"]).args(options).arg(&dir)).with_context(|| {
            format!(
                "could not install it; try `cargo install cargo-mutants --version {CARGO_MUTANTS}` by hand"
            )
        })?;
        stamp.set()?;
    }
    Ok(binary)
}
