//! How the module starts in V8, and what it takes while it does nothing.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use portcullis_test_support::build;
use portcullis_test_support::root::root;
use portcullis_test_support::step::{Step, step};
use serde::Deserialize;

use super::limits::{self, Limited};
use super::outcome::Outcome;
use super::row::median;

/// Most milliseconds until there is a gate of the largest system.
const LOAD_MILLIS: f64 = 5.0;
/// Most MiB of an instance that has loaded it.
const MEMORY_MIB: f64 = 4.0;

/// How often a process loads it again for each second that it is given.
const LOADS: u64 = 50;

/// What the program prints.
#[derive(Deserialize)]
struct Printed {
    system: String,
    millis: Millis,
    /// In bytes.
    memory: u32,
}

/// What takes how long.
#[derive(Deserialize)]
struct Millis {
    module: f64,
    first: f64,
    again: f64,
}

/// Measures all of it, in so many processes.
///
/// # Errors
///
/// If Node.js is missing, or the document does not load.
pub(super) fn outcome(rounds: u32, seconds: u64) -> Result<Outcome> {
    let package = step("build the npm package", build::npm)?;
    let started = step("start it in Node.js", |step| {
        (0..rounds).map(|_| start(&package.dir, seconds * LOADS, step)).collect::<Result<Vec<_>>>()
    })?;
    let one = started.first().context("nothing was started")?;
    let of = |part: fn(&Printed) -> f64| median(started.iter().map(part).collect());
    let memory = of(|one| f64::from(one.memory) / f64::from(1 << 20))?;
    let rows = vec![
        Limited::new("module compiled", of(|one| one.millis.module)?, "ms"),
        Limited::new("first gate of a process", of(|one| one.millis.first)?, "ms").at_most(LOAD_MILLIS),
        Limited::new("further gates", of(|one| one.millis.again)?, "ms").at_most(LOAD_MILLIS),
        Limited::new("memory of an idle instance", memory, "MiB").at_most(MEMORY_MIB),
    ];
    Ok(Outcome {
        title: "Start",
        about: about(rounds, seconds, &one.system),
        body: limits::table("step", &rows),
        notes: String::new(),
        json: serde_json::to_value(&rows)?,
    })
}

fn about(rounds: u32, seconds: u64, system: &str) -> String {
    format!(
        "`cargo xtask bench start --rounds {rounds} --seconds {seconds}`: the npm package in {rounds} processes of Node.js \
         (V8), one after the other; the median of them. A gate is loaded from a document with the profile `{system}`, which \
         is the largest system: the profile is read and compiled each time. *module compiled* is \
         `new WebAssembly.Module`, once in a process. The first gate also waits for V8 to compile the functions that it \
         calls; *further gates* is the median of {} more in the same process. An instance is idle after it has loaded one \
         gate; its memory is that of the module, and not V8's own.",
        seconds * LOADS,
    )
}

/// One process, which loads a gate so many times after the first.
fn start(package: &Path, loads: u64, step: &Step) -> Result<Printed> {
    let root = root();
    let mut command = Command::new("node");
    command.arg(root.join("tests").join("bench").join("start").join("start.mjs")).arg(package);
    command.arg(root.join("crates").join("config").join("systems")).arg(loads.to_string());
    serde_json::from_str(&step.run(&mut command)?).context("what the program has printed")
}
