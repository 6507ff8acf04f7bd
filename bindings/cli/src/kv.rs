//! Workers KV, through wrangler's own command.
//!
//! SECURITY: what is written there holds hashes, and no credential. Only that becomes arguments, which other users of the
//! machine see.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::output::{Failure, printable};
use clap::Args;

/// How npm's programs are run.
const NPX: &str = if cfg!(windows) { "npx.cmd" } else { "npx" };

#[derive(Debug, Args)]
pub(crate) struct KvOptions {
    /// Do it in Workers KV: print the commands of wrangler that do, on standard error.
    #[arg(long)]
    kv: bool,
    /// Run these commands instead of printing them, in a folder with the `wrangler.toml` of the Worker.
    #[arg(long, requires = "kv")]
    run: bool,
    /// Use wrangler's local storage instead of Cloudflare's.
    #[arg(long, requires = "kv")]
    local: bool,
    /// The configuration of wrangler.
    #[arg(long, value_name = "FILE", requires = "kv")]
    wrangler_config: Option<PathBuf>,
    /// The environment in it.
    #[arg(long, value_name = "NAME", requires = "kv")]
    wrangler_env: Option<String>,
}

/// One command of wrangler.
#[derive(Debug)]
pub(crate) struct Step(Vec<String>);

impl KvOptions {
    /// Whether it is done in Workers KV.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.kv
    }

    /// The same, where it may be done in a document or a bundle instead.
    pub(crate) fn is_chosen(&self, has_document: bool, has_bundle: bool) -> Result<bool, Failure> {
        if [self.kv, has_document, has_bundle].iter().filter(|given| **given).count() > 1 {
            return Err("choose one of --config, --bundle and --kv".to_owned());
        }
        Ok(self.kv)
    }

    /// Whether commands are run, and not only printed.
    pub(crate) fn runs(&self) -> bool {
        self.run
    }

    /// Carries `steps` out, or says what to type: lines for standard error.
    pub(crate) fn carry_out(&self, steps: &[Step]) -> Result<Vec<String>, Failure> {
        if !self.run {
            return Ok(steps.iter().map(Step::shown).collect());
        }
        let done = |step: &Step| step.run().map(|_| format!("done: {}", step.shown()));
        steps.iter().map(done).collect()
    }

    /// What wrangler does with a key of the namespace that is bound as `binding`.
    pub(crate) fn step(&self, binding: &str, verb: &str, rest: &[&str]) -> Step {
        let place = if self.local { "--local" } else { "--remote" };
        let mut words = vec!["wrangler", "kv", "key", verb, "--binding", binding, place];
        let config = self.wrangler_config.as_ref().map(|path| path.display().to_string());
        words.extend(config.iter().flat_map(|path| ["--config", path.as_str()]));
        words.extend(self.wrangler_env.iter().flat_map(|name| ["--env", name.as_str()]));
        words.extend(rest);
        Step(words.into_iter().map(str::to_owned).collect())
    }
}

impl Step {
    /// The command as one types it.
    pub(crate) fn shown(&self) -> String {
        let words: Vec<String> =
            core::iter::once("npx").chain(self.0.iter().map(String::as_str)).map(quoted).collect();
        printable(&words.join(" "))
    }

    /// Runs it, and returns what it printed.
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let mut command = Command::new(NPX);
        command.args(&self.0).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command
            .output()
            .map_err(|error| format!("cannot run `npx`, which comes with Node.js: {error}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        let verb = self.0.get(3).map(String::as_str).unwrap_or_default();
        // What it was given stands in the line that it failed with, and holds no secret.
        Err(printable(&format!("`wrangler kv key {verb}` failed ({}): {}", output.status, printed.trim())))
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_as_a_shell_takes_them() {
        assert_eq!(quoted("sha256:ab"), "sha256:ab");
        assert_eq!(quoted(r#"{"id":"a b"}"#), r#"'{"id":"a b"}'"#);
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
