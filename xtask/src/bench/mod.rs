//! `cargo xtask bench`: how fast the gate is, beside what others would use instead. Both sides run in the same run, by turns,
//! and what counts is the ratio.

mod args;
mod envoy;
mod measured;
mod native;
mod node;
mod page;
mod policy;
mod row;
mod tokens;
mod worker;
mod wrk;

use anyhow::Result;

pub(crate) use args::BenchArgs;
use args::Suite;

/// Measures, and prints what came of it; whether all could be measured. What is slow is shown, and fails nothing.
///
/// # Errors
///
/// If a host or a tool cannot be started, or a good request is refused.
pub(crate) fn run(args: &BenchArgs) -> Result<bool> {
    let (rounds, seconds) = (args.rounds, args.seconds.unwrap_or(args.suite.seconds()));
    let section = match args.suite {
        Suite::Envoy => envoy::section(rounds, seconds)?,
        Suite::Worker => worker::section(rounds, seconds)?,
        Suite::Node => node::section(rounds, seconds)?,
        Suite::Native => native::section(rounds, seconds)?,
        Suite::Policy => policy::section(rounds, seconds)?,
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&section.rows)?);
    } else {
        println!("{}", section.table());
        section.write()?;
    }
    Ok(true)
}
