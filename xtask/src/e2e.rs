//! `cargo xtask e2e`: the complete server of a system, which takes minutes to install; `cargo xtask test` plays the same against
//! a server in its place. Of RAGFlow, whose server cannot be installed so, the times that requests take.

use anyhow::Result;
use clap::ValueEnum;
use portcullis_test_support::tools::rust::cargo;

/// Which system.
#[derive(Debug, clap::Args)]
pub(crate) struct E2eArgs {
    /// The system.
    #[arg(value_enum)]
    system: System,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum System {
    /// R2R 3.6.6 from PyPI, with PostgreSQL: 700 MB and Python 3.12.
    R2r,
    /// How long requests to RAGFlow take, without a gate and through each host: at a server in its place.
    Ragflow,
}

/// Plays all of it; whether everything came out as its page says. With `UPDATE_DOCS=1` in the environment the page is written.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn run(args: &E2eArgs) -> Result<bool> {
    let (variable, tests) = match args.system {
        System::R2r => ("E2E_R2R", "systems::r2r::complete"),
        System::Ragflow => ("E2E_RAGFLOW", "systems::ragflow::times"),
    };
    let mut command = cargo();
    command.args(["test", "--workspace", "--test=systems", "--", "--nocapture", tests]).env(variable, "1");
    Ok(command.status()?.success())
}
