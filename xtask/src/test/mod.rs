//! `cargo xtask test`: everything CI runs, stage by stage. A stage that fails does not keep the others from running.

mod cargo;
mod results;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use comfy_table::Table;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools;

use crate::fuzz;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Runs only this stage.
    #[arg(long, value_enum, value_name = "NAME")]
    only: Option<Stage>,
}

/// The stages, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Targets, components and npm packages are there.
    Tools,
    /// The sources are formatted.
    Format,
    /// Clippy has no complaint about any crate on any target.
    Clippy,
    /// The documentation builds without a warning.
    Docs,
    /// The tests of all crates.
    Unit,
    /// A minute of fuzzing, over all targets.
    Fuzz,
    /// The core links for a target without std.
    NoStd,
    /// The lock files are complete and name no machine.
    Locks,
    /// The JSON Schema of the configuration in Ajv and check-jsonschema.
    Schema,
    /// The Worker: imports, size, the example's configuration, recovery from a trap.
    Worker,
    /// The WASI components: imports, size, the gate in Python, middleware and proxy in wasmtime.
    Component,
    /// The Envoy filter: imports, size, examples for Envoy and Istio, configurations that are refused.
    Envoy,
    /// The npm package in Node.js, workerd and Chromium.
    Npm,
    /// Gates that learn, in workerd and Node.js: keys that rotate, questions about callers, limits, and each failure.
    Live,
    /// Pages in Chromium in front of the Worker, Envoy and the component: who may read what across origins.
    Browser,
    /// Callers who break off, garble or flood their requests: Worker, Envoy and the component answer, and alarm nobody.
    Strangers,
    /// The shared case files on every host.
    Cases,
    /// Hostile and ordinary requests as raw bytes, other ones for each commit; `cargo xtask bypass` sends more.
    Bypass,
    /// The demo's script against the built-in origin.
    Demo,
    /// The command up: what it says before and after it starts a host, and that it ends what it starts.
    Up,
    /// The end-to-end test against the real AgentFlow, and policies beside the OpenAPI documents of AgentFlow and R2R.
    E2e,
}

/// What came of a stage.
struct Outcome {
    stage: Stage,
    took: Duration,
    passed: usize,
    failures: Vec<String>,
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
    }

    fn run(self) -> Result<Summary> {
        match self {
            Self::Tools => {
                step("targets, components, npm packages", |step| {
                    tools::rust::targets(step)?;
                    tools::node::npm(step)
                })?;
                Ok(Summary::default())
            }
            Self::Format => cargo::format(),
            Self::Clippy => cargo::clippy(),
            Self::Docs => cargo::docs(),
            Self::Unit => cargo::unit_tests(),
            Self::Fuzz => fuzz::check(),
            Self::NoStd => cargo::no_std(),
            Self::Locks
            | Self::Schema
            | Self::Worker
            | Self::Component
            | Self::Envoy
            | Self::Npm
            | Self::Live
            | Self::Browser
            | Self::Strangers
            | Self::Cases
            | Self::Bypass
            | Self::Demo
            | Self::Up
            | Self::E2e => cargo::host_tests(&self.name()),
        }
    }

    /// Runs the stage. One that goes through counts as a check of its own, on top of those inside it.
    fn outcome(self) -> Outcome {
        eprintln!("{}", self.name());
        let started = Instant::now();
        let (passed, failures) = match self.run() {
            Ok(summary) if summary.failed.is_empty() => (summary.passed + 1, Vec::new()),
            Ok(summary) => (summary.passed, summary.failed),
            Err(error) => (0, vec![format!("{error:#}")]),
        };
        for failure in &failures {
            eprintln!("  FAILED: {failure}");
        }
        Outcome { stage: self, took: started.elapsed(), passed, failures }
    }
}

/// Runs the stages and prints a table of them; whether all passed.
///
/// # Errors
///
/// None: what goes wrong is a failed stage.
pub(crate) fn run(args: &TestArgs) -> Result<bool> {
    let chosen = |stage: &Stage| args.only.is_none_or(|only| only == *stage);
    let stages = Stage::value_variants().iter().copied().filter(chosen);
    let outcomes: Vec<_> = stages.map(Stage::outcome).collect();

    let mut table = Table::new();
    table.set_header(["stage", "passed", "failed", "seconds"]);
    for outcome in &outcomes {
        table.add_row([
            outcome.stage.name(),
            outcome.passed.to_string(),
            outcome.failures.len().to_string(),
            format!("{:.1}", outcome.took.as_secs_f64()),
        ]);
    }
    println!("{table}");
    // Far above, the details may have scrolled away.
    for outcome in &outcomes {
        for failure in &outcome.failures {
            let first = failure.lines().next().unwrap_or_default();
            println!("FAILED {}: {first}", outcome.stage.name());
        }
    }
    let passed: usize = outcomes.iter().map(|outcome| outcome.passed).sum();
    let failed: usize = outcomes.iter().map(|outcome| outcome.failures.len()).sum();
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}
