//! `cargo xtask`: builds, tests and demonstrates Portcullis. CI runs the same commands.

mod bench;
mod build;
mod bypass;
mod coverage;
mod demo;
mod e2e;
mod faults;
mod fuzz;
mod interrupt;
mod mutants;
mod test;
mod tools;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use portcullis_test_support::root::root;
use portcullis_test_support::tools::rust::cargo;

/// Builds, tests and demonstrates Portcullis.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Task {
    /// Starts the gate in front of an origin, sends requests and compares the answers with what is expected.
    Demo(demo::DemoArgs),
    /// Runs the gate on any host in front of any origin.
    Up(up::UpArgs),
    /// Runs everything CI runs.
    Test(test::TestArgs),
    /// Looks for inputs of the core that break a property, or runs one again.
    Fuzz(fuzz::FuzzArgs),
    /// Changes what the deciding modules do, one change at a time, and says which the tests do not notice.
    Mutants(mutants::MutantsArgs),
    /// Plays the reference model against the core, and Cedar against the model: docs/decisions.md says what.
    Reference,
    /// Says which lines and branches of the core its tests reach, and names those they do not.
    Coverage,
    /// Builds an artefact into dist/ and prints its size.
    Build(build::BuildArgs),
    /// Sends thousands of hostile and ordinary requests to real hosts; docs/bypass.md says what came of them.
    Bypass(bypass::BypassArgs),
    /// Measures what each host does while a server that it depends on fails, and writes docs/faults.md.
    Faults(faults::FaultsArgs),
    /// Plays the clients of a system, and those who attack it, against its complete server, by way of each host.
    E2e(e2e::E2eArgs),
    /// Sends hundreds of thousands of mixed requests to each host, and says how much memory it holds; also in docs/faults.md.
    Soak(faults::SoakArgs),
    /// Measures the gate beside its peers, in one run, and writes docs/performance.md.
    Bench(bench::BenchArgs),
    /// Compares the gate with other libraries on hostile tokens and writes docs/conformance.md.
    Conformance {
        /// Options of the comparison: `--tokens N`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Up(args) => up::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Mutants(args) => mutants::run(&args),
        Task::Reference => reference(),
        Task::Coverage => coverage::run(),
        Task::Build(args) => build::run(&args),
        Task::Bypass(args) => bypass::run(&args),
        Task::Faults(args) => faults::matrix(&args),
        Task::E2e(args) => e2e::run(&args),
        Task::Soak(args) => faults::soak(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Conformance { options } => conformance(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tests of the reference model with all they can play, optimised, and those that ask Cedar.
fn reference() -> anyhow::Result<bool> {
    let play = |package: &str| {
        let mut command = cargo();
        command.args(["test", "--release", package, "--", "--nocapture"]).env("REFERENCE", "full");
        // Both in one folder: what they share is compiled once.
        command.current_dir(root()).env("CARGO_TARGET_DIR", root().join("target"));
        command.status()
    };
    let cedar = "--manifest-path=tests/reference/cedar/Cargo.toml";
    Ok(play("--package=portcullis-reference")?.success() & play(cedar)?.success())
}

/// Hands over to the program that compares.
fn conformance(options: &[String]) -> anyhow::Result<bool> {
    let run = ["run", "--quiet", "--bin=portcullis-conformance", "--"];
    Ok(cargo().args(run).args(options).status()?.success())
}
