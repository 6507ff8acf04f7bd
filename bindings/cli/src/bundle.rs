//! `portcullis bundle`: make the signed bundle, look into one, verify it.

mod build;
mod file;
mod inspect;
mod payload;
mod sign;
mod verify;

use clap::Subcommand;

use crate::output::{Failure, Outcome};

pub(crate) use file::{BundleOptions, unverified};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a bundle from files, and print it.
    Build(build::Arguments),
    /// Tell what is in a bundle. Nobody checks who has signed it.
    Inspect(inspect::Arguments),
    /// Check a bundle as a gate does: with a configuration, or with the public key alone.
    Verify(verify::Arguments),
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Build(arguments) => build::run(arguments, json),
        Command::Inspect(arguments) => inspect::run(arguments, json),
        Command::Verify(arguments) => verify::run(arguments, json),
    }
}
