//! `cargo xtask`: builds, tests and demonstrates Portcullis. CI runs the same commands.

mod build;
mod cases;
mod check;
mod client;
mod demo;
mod e2e;
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
    /// Builds an artefact into dist/ and prints its size.
    Build {
        /// Which one.
        artefact: build::Artefact,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Up(args) => up::run(&args),
        Task::Test(args) => check::run(&args),
        Task::Build { artefact } => build::run(artefact),
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
