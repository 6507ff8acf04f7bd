//! Requests as fast as they are answered, by [wrk](https://github.com/wg/wrk).

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::debian;

/// Sends the requests of a file of tokens, one after the other, and again from the first.
const SCRIPT: &str = r#"
local requests, last = {}, 0
function init(arguments)
  for token in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
  end
end
function request()
  last = last % #requests + 1
  return requests[last]
end
"#;

/// wrk with its script, in a folder.
pub(super) struct Wrk {
    program: &'static Path,
    folder: PathBuf,
}

impl Wrk {
    /// Makes sure that it is there.
    ///
    /// # Errors
    ///
    /// If it cannot be installed.
    pub(super) fn new(folder: PathBuf, step: &Step) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("requests.lua"), SCRIPT)?;
        Ok(Self { program: debian::wrk(step)?, folder })
    }

    /// Keeps tokens in a file; its path.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn keep(&self, name: &str, tokens: &[String]) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, tokens.join("\n")).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    /// How many requests per second are answered with 2xx: one thread, 16 connections.
    ///
    /// # Errors
    ///
    /// If any is answered otherwise, or not at all.
    pub(super) fn rate(
        &self,
        address: SocketAddr,
        path: &str,
        tokens: &Path,
        seconds: u64,
        step: &Step,
    ) -> Result<f64> {
        let mut command = Command::new(self.program);
        command.args(["--threads", "1", "--connections", "16", "--duration", &format!("{seconds}s")]);
        command.arg("--script").arg(self.folder.join("requests.lua"));
        command.arg(format!("http://{address}{path}")).arg("--").arg(tokens);
        let printed = step.run(&mut command)?;
        let bad = ["Non-2xx", "Socket errors"].iter().any(|sign| printed.contains(sign));
        ensure!(!bad, "not all requests were answered well:\n{printed}");
        let rate = printed.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        rate.context("wrk has told no rate")?.trim().parse().context("wrk has told no rate")
    }
}
