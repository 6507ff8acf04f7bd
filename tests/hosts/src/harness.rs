//! Running tests that are made at run time.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use portcullis_test_support::summary::Summary;

/// Checks that have passed inside of tests that make many.
static CHECKS: AtomicUsize = AtomicUsize::new(0);

/// Whether the tests may run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other: they share a host, or measure how long something takes.
    Sequential,
    /// As many at once as there are processors.
    Parallel,
}

/// A test that makes any number of checks; it fails with all that have failed.
pub fn checks(
    name: impl Into<String>,
    check: impl FnOnce(&mut Summary) -> Result<()> + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let mut summary = Summary::default();
        let outcome = check(&mut summary);
        CHECKS.fetch_add(summary.passed, Ordering::Relaxed);
        let mut failures = summary.failed.clone();
        failures.extend(outcome.err().map(|error| format!("{error:#}")));
        if failures.is_empty() {
            return Ok(());
        }
        let (failed, passed) = (failures.len(), summary.passed);
        Err(Failed::from(format!("{failed} of {} checks failed: {}", failed + passed, failures.join("\n"))))
    })
}

/// A test that is a single check.
pub fn check(name: impl Into<String>, check: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || check().map_err(|error| Failed::from(format!("{error:#}"))))
}

/// Runs those of the tests that the command line asks for, as `cargo test` does.
pub fn run(tests: Vec<Trial>, order: Order) -> ExitCode {
    let mut arguments = Arguments::from_args();
    if order == Order::Sequential {
        arguments.test_threads = arguments.test_threads.or(Some(1));
    }
    let conclusion = libtest_mimic::run(&arguments, tests);
    let checks = CHECKS.load(Ordering::Relaxed);
    if checks > 0 {
        println!("checks: {checks} passed\n");
    }
    conclusion.exit_code()
}
