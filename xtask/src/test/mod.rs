//! `cargo xtask test`: everything CI runs, stage by stage. A stage that fails does not keep the others from running.

mod cargo;
mod priority;
mod results;
mod stage;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use comfy_table::Table;

use stage::{Lane, Stage};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Runs only this stage.
    #[arg(long, value_enum, value_name = "NAME")]
    only: Option<Stage>,
}

/// What came of a stage.
struct Outcome {
    stage: Stage,
    took: Duration,
    passed: usize,
    failures: Vec<String>,
}

/// Runs the stage. One that goes through counts as a check of its own, on top of those inside it.
fn outcome(stage: Stage) -> Outcome {
    eprintln!("{}", stage.name());
    let started = Instant::now();
    let (passed, failures) = match stage.run() {
        Ok(summary) if summary.failed.is_empty() => (summary.passed + 1, Vec::new()),
        Ok(summary) => (summary.passed, summary.failed),
        Err(error) => (0, vec![format!("{error:#}")]),
    };
    for failure in &failures {
        eprintln!("  FAILED: {failure}");
    }
    Outcome { stage, took: started.elapsed(), passed, failures }
}

/// Runs stages, those of one lane after the other and the lanes side by side; what came of them, in their order.
fn outcomes(stages: &[Stage]) -> Vec<Outcome> {
    let lane = |lane: Lane| {
        let of_lane = stages.iter().copied().filter(move |stage| stage.lane() == lane);
        of_lane.map(outcome).collect::<Vec<_>>()
    };
    let mut outcomes = lane(Lane::First);
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            priority::lower();
            lane(Lane::Beside)
        });
        let tests = lane(Lane::Tests);
        // A panic there is one here.
        outcomes.extend(beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        outcomes.extend(tests);
    });
    outcomes.extend(lane(Lane::Last));
    outcomes
}

/// Runs the stages and prints a table of them; whether all passed.
///
/// # Errors
///
/// None: what goes wrong is a failed stage.
pub(crate) fn run(args: &TestArgs) -> Result<bool> {
    let chosen = |stage: &Stage| args.only.is_none_or(|only| only == *stage);
    let stages: Vec<_> = Stage::value_variants().iter().copied().filter(chosen).collect();
    let outcomes = outcomes(&stages);

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
