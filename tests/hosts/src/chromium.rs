//! Chromium: what scripts in its pages send, and what they can read of the answers.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use portcullis_test_support::root::root;
use portcullis_test_support::step::{not_started, step};
use portcullis_test_support::tools::{debian, node};
use serde_json::Value;

/// Chromium, and what drives it.
#[derive(Debug)]
pub struct Chromium {
    modules: PathBuf,
}

impl Chromium {
    /// Makes sure that it is there.
    ///
    /// # Errors
    ///
    /// If it is not and cannot be installed.
    pub fn find() -> Result<Self> {
        let modules = step("Chromium", |step| {
            debian::chromium(step)?;
            node::npm(step)
        })?;
        Ok(Self { modules })
    }

    /// What comes of `asked`, pages with what each asks for; `tests/hosts/browser/browser.mjs` says in which form.
    ///
    /// # Errors
    ///
    /// If the script fails.
    pub fn ask(&self, asked: &Value) -> Result<Value> {
        let mut command = Command::new("node");
        command.arg(root().join("tests/hosts/browser/browser.mjs")).arg(&self.modules);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        child.stdin.take().context("no pipe to node")?.write_all(asked.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "browser.mjs ended ({})", output.status);
        serde_json::from_slice(&output.stdout).context("browser.mjs printed something else")
    }
}
