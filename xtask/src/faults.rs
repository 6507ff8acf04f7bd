//! `cargo xtask faults` and `cargo xtask soak`: what hosts do while others fail, and after a long time. `cargo xtask test` plays a
//! part of the first.

use anyhow::Result;
use portcullis_test_support::tools::rust::cargo;

/// How long it takes, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct SoakArgs {
    /// Requests for each host.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    requests: usize,
    /// Only this host: `worker`, `envoy`, `component` or `node`.
    host: Option<String>,
}

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct FaultsArgs {
    /// Only this host, and the lines of the others stay: `worker`, `envoy`, `component` or `node`.
    host: Option<String>,
}

/// Measures everything; whether nobody was let in who should not be.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn matrix(args: &FaultsArgs) -> Result<bool> {
    let mut command = live("live::faults");
    command.env("UPDATE_FAULTS", "1");
    command.envs(args.host.as_ref().map(|host| ("FAULTS_HOST", host)));
    Ok(command.status()?.success())
}

/// Sends the requests; whether all were answered as they should be, and no host has grown.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn soak(args: &SoakArgs) -> Result<bool> {
    let mut command = live("live::soak");
    command.env("SOAK_REQUESTS", args.requests.to_string());
    command.envs(args.host.as_ref().map(|host| ("SOAK_HOST", host)));
    Ok(command.status()?.success())
}

fn live(test: &str) -> std::process::Command {
    let mut command = cargo();
    command.args(["test", "--workspace", "--test=live", "--", "--exact", test]);
    command
}
