//! `cargo xtask`: builds, tests and demonstrates Portcullis. CI runs the same commands.

mod build;
mod cases;
mod check;
mod client;
mod conformance;
mod coverage;
mod demo;
mod e2e;
mod fuzz;
mod host;
mod origin;
mod root;
mod step;
mod tools;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Starts the gate in front of an origin, plays requests and compares the answers with what is expected.
    Demo(demo::DemoArgs),
    /// Runs the gate on any host in front of any origin.
    Up(up::UpArgs),
    /// Runs everything CI runs.
    Test(check::TestArgs),
    /// Looks for inputs of the core that break a property, or plays one again.
    Fuzz(fuzz::FuzzArgs),
    /// Says which lines and branches of the core its tests reach, and names those they do not.
    Coverage,
    /// Builds an artefact into dist/ and prints its size.
    Build {
        /// Which one.
        artefact: build::Artefact,
    },
    /// Compares the gate with other libraries on hostile tokens and writes docs/conformance.md.
    Conformance(conformance::ConformanceArgs),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Up(args) => up::run(&args),
        Task::Test(args) => check::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Coverage => coverage::run(),
        Task::Build { artefact } => build::run(artefact),
        Task::Conformance(args) => conformance::run(&args),
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
