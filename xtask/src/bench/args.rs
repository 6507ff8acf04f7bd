//! What the command line asks for.

use clap::{Args, ValueEnum};

/// What to measure, and how.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to measure.
    #[arg(value_enum)]
    pub(super) suite: Suite,
    /// How often all of it is measured, with hosts and keys of its own each time; the medians count.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) runs: u32,
    /// How often each side has its turn in a run; the median counts.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,
    /// How long a turn takes, in seconds; 3 if others send requests, and 1 otherwise.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) seconds: Option<u64>,
    /// Prints the rows as JSON, and leaves the page as it is.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Suite {
    /// The filter in Envoy beside Envoy's own `jwt_authn` and `rbac`.
    Envoy,
    /// The Worker beside one by hand with jose, in one workerd.
    Worker,
    /// The npm package beside fast-jwt, jose and jwt-decode, in one process of Node.js.
    Node,
    /// The core beside jsonwebtoken and jwt-simple, and what a flood of bad tokens costs.
    Native,
    /// Decisions about roles beside those of casbin, Cedar and regorus.
    Policy,
    /// How large what is shipped is.
    Size,
    /// How long the npm package takes to start in Node.js, and how much memory it takes.
    Start,
    /// How the costs of a decision and of loading a document grow.
    Growth,
}

impl Suite {
    /// How long a turn takes if nothing else is said, in seconds.
    pub(super) fn seconds(self) -> u64 {
        match self {
            Self::Envoy | Self::Worker => 3,
            Self::Node | Self::Native | Self::Policy | Self::Size | Self::Start | Self::Growth => 1,
        }
    }
}
