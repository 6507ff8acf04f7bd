//! `portcullis api-key`: make a key with its record, take over the keys of another system, and look after the records.

mod create;
mod edit;
mod foreign;
mod kv;
mod list;
mod make;
mod record;
mod revoke;
mod rotate;
mod target;

use clap::Subcommand;

use crate::output::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key. Prints the key, which is shown this once, and the record for `api_keys.records`.
    Create(create::Arguments),
    /// Hash keys of another system, read from standard input; with --id, print the whole record of one.
    Hash(foreign::HashArguments),
    /// Make records for all keys of another system, read from standard input: separated by commas, white space or lines, as in
    /// VALID_API_KEYS.
    Import(foreign::ImportArguments),
    /// List the records of a configuration, or those in Workers KV: which may be used, until when, and as whom.
    List(list::Arguments),
    /// Take a key back: switch its record off, or take it out. Prints the document with that change.
    Revoke(revoke::Arguments),
    /// Make another key with the same record, and let the old one end after a while. Prints the document with both.
    Rotate(rotate::Arguments),
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Create(arguments) => create::run(arguments),
        Command::Hash(arguments) => foreign::hash(arguments),
        Command::Import(arguments) => foreign::import(arguments),
        Command::List(arguments) => list::run(arguments, json),
        Command::Revoke(arguments) => revoke::run(arguments, json),
        Command::Rotate(arguments) => rotate::run(arguments, json),
    }
}
