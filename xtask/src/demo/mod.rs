//! `cargo xtask demo`: the gate in workerd, in front of an origin, and a script of requests with known outcomes.

mod keep;
mod play;
mod script;
mod stage;
mod table;

use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::step::step;

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

/// Longest text of one failure, in characters.
const FAILURE_CHARS: usize = 1000;

/// How many checks there were, and which failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    /// One text per failed check: what it was, what was expected, what came.
    pub(crate) failed: Vec<String>,
}

impl Summary {
    /// Counts one more check. Of a failure's text the beginning is kept: it may quote a whole response.
    pub(crate) fn count(&mut self, failure: Option<String>) {
        match failure {
            None => self.passed += 1,
            Some(failure) => self.failed.push(failure.chars().take(FAILURE_CHARS).collect()),
        }
    }

    /// Counts all checks of another summary.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
    }

    pub(crate) fn total(&self) -> usize {
        self.passed + self.failed.len()
    }
}

/// Runs the demo and prints what happened; `false` if anything was not as expected.
///
/// # Errors
///
/// If it could not be run at all; says what is missing.
pub(crate) fn run(args: &DemoArgs) -> Result<bool> {
    let started = Instant::now();
    let runtime = runtime()?;
    let stage = Stage::set_up(args.origin, &runtime)?;
    let played = step("play the script", |_| play::all(&stage, &runtime))?;
    println!("{}", table::render(&played));
    for failure in &played.summary.failed {
        println!("NOT AS EXPECTED: {failure}");
    }
    println!("{}", stage.artefact);
    println!(
        "{} of {} as expected, in {:.1} s",
        played.summary.passed,
        played.summary.total(),
        started.elapsed().as_secs_f64()
    );
    if args.keep {
        keep::until_interrupted(&stage, &runtime)?;
    }
    Ok(played.summary.failed.is_empty())
}

/// Plays the same script without printing the table.
///
/// # Errors
///
/// If it could not be played at all.
pub(crate) fn check(origin: OriginKind) -> Result<Summary> {
    let runtime = runtime()?;
    let stage = Stage::set_up(origin, &runtime)?;
    let played = step("play the demo's script", |_| play::all(&stage, &runtime))?;
    Ok(played.summary)
}

/// Two threads: the built-in origin answers on one while this thread waits.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
