//! The program behind `cargo xtask conformance`: this product and the libraries people use in its place, before the same hostile tokens.
//!
//! Keys, times and tokens are new in every run; `docs/conformance.md` is what came of it.

mod corpus;
mod differential;
mod draft;
mod forge;
mod install;
mod matrix;
mod page;
mod process;
mod row;
mod verifier;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;

use forge::Forge;
use install::Drivers;
use matrix::Matrix;

/// What to run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Random tokens issued with each algorithm.
    #[arg(long, value_name = "N", default_value_t = 50)]
    tokens: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Shows every token to everybody and writes the page; whether this product was right about all of them.
///
/// # Errors
///
/// If something cannot be installed or started.
fn run(args: &Arguments) -> Result<bool> {
    let drivers = Drivers::prepare()?;
    let (mut verifiers, mut forge) = step("start everybody, make keys", |_| {
        let verifiers = verifier::start(&drivers)?;
        let forge = Forge::start(&drivers.npm)?;
        Ok((verifiers, forge))
    })?;
    let groups = corpus::groups();
    let matrix = step("hostile tokens", |step| Matrix::fill(&groups, &mut verifiers, &mut forge, step))?;
    let tallies = step("random tokens of unrelated issuers", |step| {
        differential::run(args.tokens, &drivers, &mut verifiers, &mut forge, step)
    })?;

    let mut faults = Vec::new();
    for (index, verifier) in verifiers.iter().enumerate() {
        let (mut asked, mut right) = (0, 0);
        for (group, row, cell) in matrix.column(&groups, index) {
            let mark = cell.mark(group.verdict);
            asked += usize::from(mark != matrix::Mark::NotApplicable);
            right += usize::from(mark == matrix::Mark::Right);
            for (algorithm, outcome) in cell.faults(group.verdict).filter(|_| verifier.ours) {
                let title = verifier.title();
                faults.push(format!("{title}: `{}` with {algorithm}: {outcome:?} ({})", row.id, row.wrong));
            }
        }
        println!(
            "{:20} {:8} right about {right} of {asked}",
            verifier.title(),
            verifier.introduction.version
        );
    }
    let issued: usize = tallies.iter().map(|tally| tally.tokens).sum();
    let asked: usize = tallies.iter().map(|tally| tally.asked).sum();
    let accepted: usize = tallies.iter().map(|tally| tally.accepted).sum();
    let rejected: usize = tallies.iter().map(|tally| tally.rejected).sum();
    println!(
        "{issued} random tokens: {accepted} of {asked} accepted, {rejected} of {asked} refused with a bit flipped"
    );
    faults.extend(tallies.iter().flat_map(|tally| tally.faults.iter().cloned()));
    for fault in &faults {
        println!("WRONG {fault}");
    }
    if faults.is_empty() {
        let text = page::render(&groups, &verifiers, &matrix, &tallies, forge.fetched()?);
        fs::write(root().join(page::PAGE), text).context(page::PAGE)?;
        println!("{} written", page::PAGE);
    } else {
        println!("{} not written", page::PAGE);
    }
    Ok(faults.is_empty())
}
