//! `portcullis token`: look into a token, check it against a configuration, or issue one.

mod inspect;
mod mint;
mod verify;

use clap::Subcommand;

use crate::output::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is in a token, checking nothing.
    ///
    /// Works on broken tokens as far as they can be read. Exits with 1 only if there is nothing to show.
    Inspect(inspect::Arguments),
    /// Check a token as the gate would, and say who it is for.
    Verify(verify::Arguments),
    /// Issue a token. Prints it, and nothing else.
    Mint(mint::Arguments),
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Inspect(arguments) => inspect::run(arguments, json),
        Command::Verify(arguments) => verify::run(arguments, json),
        Command::Mint(arguments) => mint::run(arguments, json),
    }
}
