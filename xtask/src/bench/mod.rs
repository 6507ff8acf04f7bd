//! `cargo xtask bench`: how fast the gate is, beside what others would use instead. Both sides run in the same run, by turns,
//! and what counts is the ratio. How large it is, how it starts and how its costs grow is measured by itself.

mod args;
mod by_crate;
mod envoy;
mod growth;
mod limits;
mod measured;
mod native;
mod node;
mod outcome;
mod page;
mod policy;
mod row;
mod size;
mod start;
mod tokens;
mod worker;
mod wrk;

use anyhow::{Result, ensure};

pub(crate) use args::BenchArgs;
use args::Suite;
use page::Section;

/// Measures, and prints what came of it; whether all could be measured. What is slow is shown, and fails nothing.
///
/// # Errors
///
/// If a host or a tool cannot be started, or a good request is refused.
pub(crate) fn run(args: &BenchArgs) -> Result<bool> {
    let (rounds, seconds) = (args.rounds, args.seconds.unwrap_or(args.suite.seconds()));
    let of_runs = |section: fn(u32, u64) -> Result<Section>| {
        let runs = (0..args.runs).map(|_| section(rounds, seconds)).collect::<Result<_>>()?;
        Section::of_runs(runs)?.outcome()
    };
    let is_beside_others = !matches!(args.suite, Suite::Size | Suite::Start | Suite::Growth);
    ensure!(is_beside_others || args.runs == 1, "nobody is measured beside it: leave out --runs");
    let outcome = match args.suite {
        Suite::Envoy => of_runs(envoy::section)?,
        Suite::Worker => of_runs(worker::section)?,
        Suite::Node => of_runs(node::section)?,
        Suite::Native => of_runs(native::section)?,
        Suite::Policy => of_runs(policy::section)?,
        Suite::Size => size::outcome()?,
        Suite::Start => start::outcome(rounds, seconds)?,
        Suite::Growth => growth::outcome(rounds, seconds)?,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&outcome.json)?);
    } else {
        println!("{}", outcome.body);
        page::write(&outcome)?;
    }
    Ok(true)
}
