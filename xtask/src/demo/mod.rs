//! `cargo xtask demo`: the gate in workerd, in front of an origin, and a script of requests with known outcomes.

mod keep;
mod table;

use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use portcullis_test_support::demo::{run as script, stage};
use portcullis_test_support::step::step;

use crate::build;
use crate::interrupt::Interrupt;

use stage::Stage;

/// What the demo is asked to do.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DemoArgs {
    /// The origin behind the gate.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) origin: OriginKind,
    /// Leave gate and origin running and print curl lines to try, until Ctrl-C.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// The origins to choose from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OriginKind {
    /// A small server inside this program that answers as AgentFlow does.
    #[default]
    Builtin,
    /// The real AgentFlow 0.6.1, from PyPI.
    Agentflow,
}

/// Runs the demo and prints what happened; `false` if anything was not as expected.
///
/// # Errors
///
/// If it could not be run at all; says what is missing.
pub(crate) fn run(args: &DemoArgs) -> Result<bool> {
    let started = Instant::now();
    let runtime = runtime()?;
    // Before anything is started that a signal could leave behind.
    let mut interrupt = runtime.block_on(async { Interrupt::listen() })?;
    let artefact = step("build the Worker", build::worker)?;
    let origin = match args.origin {
        OriginKind::Builtin => stage::OriginKind::Builtin,
        OriginKind::Agentflow => stage::OriginKind::Agentflow,
    };
    let stage = Stage::set_up(artefact, origin, &runtime)?;
    let outcome = step("run the script", |_| script::all(&stage, &runtime))?;
    println!("{}", table::render(&outcome));
    for failure in &outcome.summary.failed {
        println!("NOT AS EXPECTED: {failure}");
    }
    println!("{}", stage.artefact);
    println!(
        "{} of {} as expected, in {:.1} s",
        outcome.summary.passed,
        outcome.summary.total(),
        started.elapsed().as_secs_f64()
    );
    if args.keep {
        keep::until_interrupted(&stage, &runtime, &mut interrupt)?;
    }
    Ok(outcome.summary.failed.is_empty())
}

/// Two threads: the built-in origin answers on one while this thread waits.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
