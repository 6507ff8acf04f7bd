//! `portcullis api-key`: make a key with its record, or take over the keys of another system.

mod create;
mod foreign;
mod record;

use clap::Subcommand;

use crate::output::{self, Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key. Prints the key, which is shown this once, and the record for `api_keys.records`.
    Create(create::Arguments),
    /// Hash one key of another system, read from standard input; with --id, print its whole record.
    Hash(foreign::HashArguments),
    /// Make records for all keys of another system, read from standard input: separated by commas, white space or lines, as in
    /// VALID_API_KEYS.
    Import(foreign::ImportArguments),
}

pub(crate) fn run(command: &Command) -> Result<Outcome, Failure> {
    let value = match command {
        Command::Create(arguments) => create::run(arguments)?,
        Command::Hash(arguments) => foreign::hash(arguments)?,
        Command::Import(arguments) => foreign::import(arguments)?,
    };
    output::json(&value).map(Outcome::success)
}
