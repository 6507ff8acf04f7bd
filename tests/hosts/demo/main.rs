//! The script of `cargo xtask demo` in front of the built-in origin, without the table.

use std::process::ExitCode;

use anyhow::{Result, bail};
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_host_tests::runtime;
use portcullis_test_support::build;
use portcullis_test_support::demo::run;
use portcullis_test_support::demo::script::ROWS;
use portcullis_test_support::demo::stage::{OriginKind, Stage};
use portcullis_test_support::step::step;

fn main() -> ExitCode {
    // A row counts what the rows before it have left in the logs: they all run, in their order, whichever is asked for.
    let outcome = Fixture::new(|| {
        let artefact = step("build the Worker", build::worker)?;
        let runtime = runtime()?;
        let stage = Stage::set_up(artefact, OriginKind::Builtin, &runtime)?;
        step("run the demo's script", |_| run::all(&stage, &runtime))
    });
    let mut tests = Vec::new();
    for (index, row) in ROWS.iter().enumerate() {
        let outcome = outcome.clone();
        let name = format!("demo::{:02}: {} {} as {}", index + 1, row.method, row.target, row.caller);
        tests.push(harness::check(name, move || failing(outcome.get()?.rows[index].failure.as_ref())));
    }
    let everything = move || failing(outcome.get()?.summary.failed.first());
    tests.push(harness::check("demo::everything_that_reached_the_origin", everything));
    harness::run(tests, Order::Sequential)
}

fn failing(failure: Option<&String>) -> Result<()> {
    match failure {
        Some(failure) => bail!("{failure}"),
        None => Ok(()),
    }
}
