//! The commit that is checked out, so that every commit is shown other samples.

use std::process::Command;

use anyhow::{Result, bail};
use portcullis_test_support::root::root;

/// Its name.
///
/// # Errors
///
/// If there is none, or git is missing.
pub fn commit() -> Result<String> {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output();
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8(output.stdout)?.trim().to_owned()),
        _ => bail!("`git rev-parse HEAD` names no commit"),
    }
}
