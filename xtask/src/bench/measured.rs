//! What a program prints that measures all sides itself.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::step;
use portcullis_test_support::tools::rust::cargo;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::row::{Aim, Row};

/// Ours, as programs call it.
const OURS: &str = "Portcullis";

/// A row: what is done, and the microseconds that each side takes for it.
#[derive(Deserialize)]
pub(super) struct Measured {
    pub(super) what: String,
    pub(super) micros: BTreeMap<String, f64>,
}

/// At most how many times the other's time ours may be, by what is done and by whom.
pub(super) type Aims = [(&'static str, &'static str, f64)];

impl Measured {
    /// Ours beside each of `peers` that was measured, in their order.
    ///
    /// # Errors
    ///
    /// If ours was not.
    pub(super) fn row(&self, peers: &[&'static str], aims: &Aims) -> Result<Row> {
        let ours = self.micros.get(OURS).with_context(|| format!("{}: nothing of ours", self.what))?;
        Ok(self.row_of(self.what.clone(), *ours, peers, aims))
    }

    /// The same with something else of ours, under its own name.
    pub(super) fn row_of(&self, what: String, ours: f64, peers: &[&'static str], aims: &Aims) -> Row {
        peers.iter().fold(Row::new(what.clone(), ours), |row, peer| match self.micros.get(*peer) {
            Some(micros) => {
                let aim = aims.iter().find(|(of, beside, _)| *of == what && beside == peer);
                row.beside(peer, *micros, aim.map(|(_, _, most)| Aim::AtMost(*most)))
            }
            None => row,
        })
    }
}

/// What the program `tests/bench/NAME` measures, a workspace of its own, in turns of so many seconds.
///
/// # Errors
///
/// If it does not build, or a side is wrong about something.
pub(super) fn by_crate(name: &str, rounds: u32, seconds: u64) -> Result<Vec<Measured>> {
    #[derive(Deserialize)]
    struct Printed {
        rows: Vec<Measured>,
    }

    let printed: Printed = printed_by(name, &[], rounds, seconds)?;
    Ok(printed.rows)
}

/// What the same program prints if its first arguments are `words`.
///
/// # Errors
///
/// As [`by_crate`].
pub(super) fn printed_by<P: DeserializeOwned>(
    name: &str,
    words: &[&str],
    rounds: u32,
    seconds: u64,
) -> Result<P> {
    let folder = root().join("tests").join("bench").join(name);
    let out = target("bench").join("crates");
    step(&format!("compile tests/bench/{name}"), |step| {
        let mut build = cargo();
        build.args(["build", "--release", "--target-dir"]).arg(&out).current_dir(&folder);
        step.run(&mut build)
    })?;
    let printed = step("measure, by turns", |step| {
        let program = out.join("release").join(format!("portcullis-bench-{name}"));
        step.run(Command::new(program).args(words).args([rounds.to_string(), seconds.to_string()]))
    })?;
    serde_json::from_str(&printed).context("what the program has printed")
}
