//! `cargo xtask bypass`: the bypass suite in full. `cargo xtask test` runs a sample of it.

mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use portcullis_test_support::root::target;
use portcullis_test_support::step::step;
use portcullis_test_support::tools::rust::cargo;
use serde_json::Value;

/// How much is sent, and to what.
#[derive(Debug, clap::Args)]
pub(crate) struct BypassArgs {
    /// Variants for each host and system.
    #[arg(long, value_name = "N", default_value_t = 5000)]
    variants: usize,
    /// Any text; chooses the variants. The commit, if it is not given.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// A folder of artefacts built before, to be tested in place of this tree's.
    #[arg(long, value_name = "DIR")]
    dist: Option<PathBuf>,
    /// The artefacts of commit 84a98bf, whose faults are known and have to be found in it.
    #[arg(long, value_name = "DIR")]
    before: Option<PathBuf>,
    /// Where the table goes as a page: docs/bypass.md. Takes everything, in both.
    #[arg(long, value_name = "FILE", requires = "before", conflicts_with = "filter")]
    write: Option<PathBuf>,
    /// Only tests with this in their name, such as `envoy::generic`.
    filter: Option<String>,
}

/// Runs the suite; whether nothing got past and nobody was turned away wrongly.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn run(args: &BypassArgs) -> Result<bool> {
    let before = args.before.as_deref().map(|dist| earlier(args, dist)).transpose()?;
    let mut missed = Vec::new();
    if args.filter.is_none() {
        missed = before.as_ref().map(page::missed).unwrap_or_default();
    }
    missed.iter().for_each(|fault| println!("not found in the earlier commit: {fault}"));
    let (report, passed) = play(args, args.dist.as_deref(), false)?;
    if let (Some(file), Some(before)) = (&args.write, &before) {
        fs::write(file, page::page(&report, before)?).with_context(|| file.display().to_string())?;
        println!("written: {}", file.display());
    }
    Ok(passed && missed.is_empty())
}

/// What is found in an earlier commit, with documents that it can read. It is full of faults: none is shown.
fn earlier(args: &BypassArgs, dist: &Path) -> Result<Value> {
    step("the earlier commit", |_| Ok(play(args, Some(dist), true)?.0))
}

/// Sends everything; the report, and whether all was well.
fn play(args: &BypassArgs, dist: Option<&Path>, is_earlier: bool) -> Result<(Value, bool)> {
    let report = target("bypass.json");
    let mut command = cargo();
    command.args(["test", "--workspace", "--test=bypass", "--"]).args(&args.filter);
    command.env("PORTCULLIS_BYPASS_VARIANTS", args.variants.to_string());
    command.env("PORTCULLIS_BYPASS_REPORT", &report);
    command.envs(args.seed.as_ref().map(|seed| ("PORTCULLIS_BYPASS_SEED", seed)));
    if let Some(dist) = dist {
        if !dist.is_dir() {
            bail!("{} is no folder: name one like `dist`, as `cargo xtask build` makes it", dist.display());
        }
        command.env("PORTCULLIS_BYPASS_DIST", std::path::absolute(dist)?);
    }
    if is_earlier {
        command.env("PORTCULLIS_BYPASS_PLAIN", "1").stdout(Stdio::null()).stderr(Stdio::null());
    }
    // One that is left over would pass for this run's.
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let passed = command.status()?.success();
    let text = fs::read(&report).with_context(|| format!("{}: the suite did not run", report.display()))?;
    Ok((serde_json::from_slice(&text)?, passed))
}
