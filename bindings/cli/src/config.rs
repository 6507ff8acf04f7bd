//! `portcullis config`: check a configuration, begin one, print its schema.

mod check;
mod init;

use clap::Subcommand;

use crate::output::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a configuration as a host does, and say what is wrong and what could be better.
    Check(check::Arguments),
    /// Print a configuration to begin with, and what its members mean.
    Init(init::Arguments),
    /// Print the JSON Schema (draft 2020-12) of the configuration.
    Schema,
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, json),
        Command::Init(arguments) => init::run(arguments),
        Command::Schema => Ok(Outcome::success(portcullis_config::schema())),
    }
}
