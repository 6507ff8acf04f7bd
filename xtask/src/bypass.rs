//! `cargo xtask bypass`: the bypass suite in full. `cargo xtask test` runs a sample of it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use portcullis_test_support::root::root;
use portcullis_test_support::tools::rust::cargo;

/// Where the table of a full run goes.
const PAGE: &str = "docs/bypass.md";

/// How much is sent, and to what.
#[derive(Debug, clap::Args)]
pub(crate) struct BypassArgs {
    /// Variants for each host and system.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    variants: usize,
    /// Any text; chooses the variants. The commit, if it is not given.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// A folder of artefacts built before, to be tested in place of this tree's. No page is written.
    #[arg(long, value_name = "DIR")]
    dist: Option<PathBuf>,
    /// Only tests with this in their name, such as `envoy::generic`. No page is written.
    filter: Option<String>,
}

/// Runs the suite; whether nothing got past and nobody was turned away wrongly.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn run(args: &BypassArgs) -> Result<bool> {
    let mut command = cargo();
    command.args(["test", "--package=portcullis-host-tests", "--test=bypass", "--"]).args(&args.filter);
    command.env("PORTCULLIS_BYPASS_VARIANTS", args.variants.to_string());
    command.envs(args.seed.as_ref().map(|seed| ("PORTCULLIS_BYPASS_SEED", seed)));
    if let Some(dist) = &args.dist {
        if !dist.is_dir() {
            bail!("{} is no folder: name one like `dist`, as `cargo xtask build` makes it", dist.display());
        }
        command.env("PORTCULLIS_BYPASS_DIST", std::path::absolute(dist)?);
    } else if args.filter.is_none() {
        command.env("PORTCULLIS_BYPASS_PAGE", root().join(Path::new(PAGE)));
    }
    Ok(command.status()?.success())
}
