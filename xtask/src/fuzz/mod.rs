//! `cargo xtask fuzz`: looks for inputs that break a property of the core (`tests/fuzz`), or runs one again.

mod libfuzzer;
mod target;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};

use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::seeds;
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::summary::Summary;

use crate::tools::fuzz::prepare;

use libfuzzer::Extent;
use target::{Target, folder};

/// Inputs for each target in `cargo xtask test`: a minute or so in all.
const CHECKED: u64 = 40_000;

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// The target; all of them if none is named.
    #[arg(value_enum, value_name = "TARGET")]
    target: Option<Target>,
    /// Seconds for each target; 0 goes on until interrupted.
    #[arg(long, value_name = "N", default_value_t = 600)]
    secs: u64,
    /// Runs this input, a file, through the target instead of looking for others.
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

/// `cargo xtask fuzz`: whether every property held.
///
/// # Errors
///
/// If a tool is missing or the targets do not build.
pub(crate) fn run(args: &FuzzArgs) -> Result<bool> {
    if args.secs == 0 && args.target.is_none() {
        bail!("which target goes on until interrupted? Name it: `cargo xtask fuzz token --secs 0`");
    }
    let binaries = build()?;
    if let (Some(target), Some(input)) = (args.target, &args.input) {
        return libfuzzer::again(&binaries, target, input);
    }
    let targets = args.target.map_or_else(|| Target::value_variants().to_vec(), |target| vec![target]);
    let summary = fuzz(&binaries, &targets, Extent::Secs(args.secs))?;
    println!("{} targets held, {} did not", summary.passed, summary.failed.len());
    Ok(summary.failed.is_empty())
}

/// The stage of `cargo xtask test`: a number of inputs for every target.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check() -> Result<Summary> {
    fuzz(&build()?, Target::value_variants(), Extent::Inputs(CHECKED))
}

/// Builds all targets, with overflow checks and debug assertions, which find a wrong number; the folder they are in.
fn build() -> Result<PathBuf> {
    let tools = step("nightly compiler, cargo-fuzz", prepare)?;
    let target_dir = folder("build");
    step("build the fuzz targets", |step| {
        // No sanitizer: the core has no unsafe code, and inputs run faster without.
        let options = ["build", "--sanitizer=none", "--fuzz-dir=tests/fuzz", "--target", &tools.host];
        step.run(tools.cargo_fuzz().args(options).arg("--target-dir").arg(&target_dir))
    })?;
    Ok(target_dir.join(tools.host).join("release"))
}

/// Fuzzes the targets, as many at a time as there are processors, and says what came of each.
fn fuzz(binaries: &Path, targets: &[Target], extent: Extent) -> Result<Summary> {
    let names: Vec<_> = targets.iter().map(|target| target.name()).collect();
    step("seeds from the case files", |step| {
        seeds::write(&Suite::of_workspace()?, &names, &folder("seeds"), step)
    })?;
    let title = match extent {
        Extent::Secs(0) => "fuzz until interrupted".to_owned(),
        Extent::Secs(secs) => format!("fuzz, {secs} s for each target"),
        Extent::Inputs(count) => format!("fuzz, {count} inputs for each target"),
    };
    let runs = step(&title, |step| at_once(binaries, targets, extent, step))?;
    let mut summary = Summary::default();
    for run in runs {
        summary.count(run?);
    }
    Ok(summary)
}

/// A failure for each target, or `None`, in the order in which they ended.
fn at_once(
    binaries: &Path,
    targets: &[Target],
    extent: Extent,
    step: &Step,
) -> Result<Vec<Result<Option<String>>>> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    let queue = Mutex::new(targets.iter().copied());
    let work = || {
        let mut done = Vec::new();
        // The guard is gone before the work begins.
        while let Some(target) = queue.lock().ok().and_then(|mut rest| rest.next()) {
            done.push(libfuzzer::fuzz(binaries, target, extent, step));
        }
        done
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.join().map_err(|_| anyhow!("a thread that runs fuzz targets failed"))?);
        }
        Ok(done)
    })
}
