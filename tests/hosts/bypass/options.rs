//! What a run is asked for, by environment variables: the command line belongs to the test harness.

use std::path::PathBuf;

use anyhow::{Context, Result};
use portcullis_host_tests::commit;
use portcullis_test_support::root::root;

/// Variants for each host and system in the normal test run.
const VARIANTS: usize = 100;

/// What a run is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Chooses the variants: the same seed, the same variants.
    pub(crate) seed: String,
    /// How many for each host and system.
    pub(crate) variants: usize,
    /// Artefacts that were built before, in place of those of this tree.
    pub(crate) dist: Option<PathBuf>,
    /// Whether documents say nothing that an earlier version of the gate cannot read.
    pub(crate) plain: bool,
    /// Where what came of it goes, as JSON.
    pub(crate) report: Option<PathBuf>,
}

impl Options {
    /// Reads `PORTCULLIS_BYPASS_SEED`, `_VARIANTS`, `_DIST`, `_PLAIN` and `_REPORT`.
    pub(crate) fn read() -> Result<Self> {
        let path = |name| variable(name).map(|value| root().join(value));
        let variants = match variable("VARIANTS") {
            Some(text) => text.parse().context("PORTCULLIS_BYPASS_VARIANTS is not a number")?,
            None => VARIANTS,
        };
        let seed = match variable("SEED") {
            Some(seed) => seed,
            None => commit().context("set PORTCULLIS_BYPASS_SEED to any text")?,
        };
        Ok(Self {
            seed,
            variants,
            dist: path("DIST"),
            plain: variable("PLAIN").is_some(),
            report: path("REPORT"),
        })
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("PORTCULLIS_BYPASS_{name}")).ok().filter(|value| !value.is_empty())
}
