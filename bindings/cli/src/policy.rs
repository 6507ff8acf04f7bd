//! `portcullis policy`: questions about roles and routes, answered by the compiled policy itself.

mod coverage;
mod diff;
mod html;
mod load;
mod matrix;
mod sign;
mod test;
mod who_can;

use clap::Subcommand;

use crate::output::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show who may use which route: a table, CSV or a page to look at.
    Matrix(matrix::Arguments),
    /// Say who may make a request, and who may not and why.
    ///
    /// Exits with 1 if nobody may.
    WhoCan(who_can::Arguments),
    /// Compare two policies: what becomes allowed, and what becomes denied.
    ///
    /// Exits with 1 if anything becomes allowed.
    Diff(diff::Arguments),
    /// Check a policy against decisions written down as data.
    ///
    /// Exits with 1 if one is another than expected.
    Test(test::Arguments),
    /// Compare the routes of a policy with the OpenAPI document of the origin.
    ///
    /// Exits with 1 if the origin has routes that the policy does not name.
    Coverage(coverage::Arguments),
}

pub(crate) fn run(command: &Command, json: bool) -> Result<Outcome, Failure> {
    match command {
        Command::Matrix(arguments) => matrix::run(arguments, json),
        Command::WhoCan(arguments) => who_can::run(arguments, json),
        Command::Diff(arguments) => diff::run(arguments, json),
        Command::Test(arguments) => test::run(arguments, json),
        Command::Coverage(arguments) => coverage::run(arguments, json),
    }
}
