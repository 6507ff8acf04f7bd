//! The stages of `cargo xtask test`.

use anyhow::Result;
use clap::ValueEnum;

use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools;

use super::cargo;
use crate::{build, fuzz, mutants};

/// The stages. Those of a lane run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Stage {
    /// Targets, components and npm packages are there.
    Tools,
    /// The sources are formatted.
    Format,
    /// The artefacts build, and none is larger than it may be.
    Build,
    /// Clippy has no complaint about any crate on any target.
    Clippy,
    /// The documentation builds without a warning.
    Docs,
    /// The core links for a target without std.
    NoStd,
    /// Fuzzing, for a minute or so over all targets.
    Fuzz,
    /// A few changes of the core, other ones for each commit, which the tests must notice; `cargo xtask mutants` makes all.
    Mutants,
    /// The tests of all crates.
    Unit,
    /// The lock files are complete and name no machine.
    Locks,
    /// The JSON Schema of the configuration in Ajv and check-jsonschema.
    Schema,
    /// The Worker: imports, size, the example's configuration, recovery from a trap.
    Worker,
    /// The WASI components: imports, size, the gate in Python, middleware and proxy in wasmtime.
    Component,
    /// The Envoy filter: imports, size, examples for Envoy and Istio, configurations that are refused.
    Envoy,
    /// The npm package in Node.js, workerd and Chromium.
    Npm,
    /// Gates that learn, in workerd and Node.js: keys that rotate, questions about callers, limits, and each failure.
    Live,
    /// Pages in Chromium in front of the Worker, Envoy and the component: who may read what across origins.
    Browser,
    /// The shared case files on every host.
    Cases,
    /// Hostile and ordinary requests as raw bytes, other ones for each commit; `cargo xtask bypass` sends more.
    Bypass,
    /// The demo's script against the built-in origin.
    Demo,
    /// The command up: what it says before and after it starts a host, and that it ends what it starts.
    Up,
    /// The end-to-end test against the real AgentFlow, and policies beside the OpenAPI documents of AgentFlow and R2R.
    E2e,
    /// The systems as their users know them: their clients and pages against servers that answer as the real ones did.
    Systems,
    /// Callers who break off, garble or flood their requests: Worker, Envoy and the component answer, and alarm nobody.
    Strangers,
}

/// When a stage runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Before all others, alone.
    First,
    /// One after the other: what runs programs, which often wait for each other and for time to pass.
    Tests,
    /// One after the other beside the tests, at a lower priority: what a compiler does without running anything, and
    /// fuzzing, to fill the time in which tests wait.
    Beside,
    /// After all others, alone: clients that do not wait long, which a busy machine would fail.
    Last,
}

impl Stage {
    pub(super) fn lane(self) -> Lane {
        match self {
            Self::Tools | Self::Format => Lane::First,
            Self::Build | Self::Clippy | Self::Docs | Self::NoStd | Self::Fuzz | Self::Mutants => {
                Lane::Beside
            }
            Self::Unit
            | Self::Locks
            | Self::Schema
            | Self::Worker
            | Self::Component
            | Self::Envoy
            | Self::Npm
            | Self::Live
            | Self::Browser
            | Self::Cases
            | Self::Bypass
            | Self::Demo
            | Self::Up
            | Self::E2e
            | Self::Systems => Lane::Tests,
            Self::Strangers => Lane::Last,
        }
    }

    /// As it is given to `--only`.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If something failed outside of the checks that it counts.
    pub(super) fn run(self) -> Result<Summary> {
        match self {
            Self::Tools => {
                step("targets, components, npm packages", |step| {
                    tools::rust::targets(step)?;
                    tools::node::npm(step)
                })?;
                Ok(Summary::default())
            }
            Self::Format => cargo::format(),
            Self::Build => build::check(),
            Self::Clippy => cargo::clippy(),
            Self::Docs => cargo::docs(),
            Self::NoStd => cargo::no_std(),
            Self::Fuzz => fuzz::check(),
            Self::Mutants => mutants::check(),
            Self::Unit => cargo::unit_tests(),
            Self::Locks
            | Self::Schema
            | Self::Worker
            | Self::Component
            | Self::Envoy
            | Self::Npm
            | Self::Live
            | Self::Browser
            | Self::Strangers
            | Self::Cases
            | Self::Bypass
            | Self::Demo
            | Self::Up
            | Self::E2e
            | Self::Systems => cargo::host_tests(&self.name()),
        }
    }
}
