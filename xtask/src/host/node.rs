//! The npm package in Node.js and the other JavaScript hosts: installed from its tarball, as its users do.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::build::NpmArtefact;
use crate::root::{root, target};
use crate::step::{Step, not_started};
use crate::tools::node;
use crate::tools::stamp::Stamp;

/// What a JavaScript host made of the package's own tests.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The host, with its version.
    pub(crate) host: String,
    /// How many tests passed.
    pub(crate) passed: usize,
    /// Every test that did not, with what it said.
    pub(crate) failed: Vec<String>,
}

/// Installs the packed package, with what its tests need, in a project of its own below `target/`.
///
/// # Errors
///
/// If npm cannot install.
pub(crate) fn install(step: &Step, artefact: &NpmArtefact) -> Result<PathBuf> {
    let project = target("npm-package");
    let source = root().join("bindings").join("npm").join("test");
    fs::create_dir_all(&project).with_context(|| project.display().to_string())?;
    for entry in fs::read_dir(&source).with_context(|| source.display().to_string())? {
        let path = entry?.path();
        // What is missing in the index is no part of the tests, for example a `node_modules` made by hand.
        if path.is_file() {
            fs::copy(&path, project.join(path.file_name().unwrap_or_default()))
                .with_context(|| path.display().to_string())?;
        }
    }
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let inputs = [read(&artefact.tarball)?, read(&project.join("package-lock.json"))?];
    let stamp = Stamp::new(&project, &inputs.each_ref().map(Vec::as_slice));
    if !stamp.matches() {
        step.message("npm install");
        let modules = project.join("node_modules");
        // npm takes a package of the same name and version for the same package.
        for installed in [modules.join("portcullis"), modules.join(".package-lock.json")] {
            if installed.is_dir() {
                fs::remove_dir_all(&installed)?;
            } else if installed.exists() {
                fs::remove_file(&installed)?;
            }
        }
        step.run(
            Command::new("npm")
                .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
                .arg(&artefact.tarball)
                .current_dir(&project),
        )?;
        stamp.set()?;
    }
    Ok(project)
}

/// Runs the package's own tests in Node.js, workerd and Chromium, through a bundler, and against its types.
///
/// # Errors
///
/// If they cannot be started. A test that fails is no error, and neither is a host that is missing.
pub(crate) fn tests(step: &Step, artefact: &NpmArtefact) -> Result<Vec<Tally>> {
    let tools = node::npm(step)?;
    let project = install(step, artefact)?;
    let output = step.run_for_output(Command::new("node").arg(project.join("run.js")).arg(&tools))?;
    let tallies = tallies(&output.stdout);
    // A tally for each host is printed even when its tests fail: fewer means that the script itself did.
    if tallies.is_empty() || (!output.status.success() && tallies.iter().all(|tally| tally.failed.is_empty()))
    {
        bail!("the tests of the npm package did not run ({})\n{}", output.status, output.tail());
    }
    Ok(tallies)
}

/// Reads `<host>: <n> passed, <n> failed`, each followed by its failures, indented.
fn tallies(text: &str) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("  FAIL ") {
            if let Some(tally) = tallies.last_mut() {
                tally.failed.push(name.to_string());
            }
        } else if let Some(detail) = line.strip_prefix("    ") {
            if let Some(failure) = tallies.last_mut().and_then(|tally| tally.failed.last_mut()) {
                failure.push('\n');
                failure.push_str(detail);
            }
        } else if let Some((host, passed)) = tally_line(line) {
            tallies.push(Tally { host: host.to_string(), passed, failed: Vec::new() });
        }
    }
    tallies
}

fn tally_line(line: &str) -> Option<(&str, usize)> {
    let (host, counts) = line.rsplit_once(": ")?;
    let (passed, rest) = counts.split_once(" passed, ")?;
    rest.strip_suffix(" failed")?;
    Some((host, passed.parse().ok()?))
}

/// The packed package in Node.js, playing shared cases. Stopped when dropped.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A request for the package to decide about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question<'a> {
    pub(crate) config: &'a Value,
    pub(crate) secrets: &'a BTreeMap<String, String>,
    pub(crate) head: QuestionHead<'a>,
    /// Seconds since the epoch.
    pub(crate) now: u64,
    pub(crate) request_id: &'a str,
}

/// The head of such a request.
#[derive(Debug, Serialize)]
pub(crate) struct QuestionHead<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(String, String)],
}

/// What became of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answered {
    /// It was refused.
    Refused {
        /// Status code.
        status: u16,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
        /// The reason; also in the headers if the configuration says so.
        reason: String,
    },
    /// It was let in, and this is what the origin receives.
    LetIn {
        /// Path and query.
        target: String,
        /// Names in lower case.
        headers: Vec<(String, String)>,
    },
    /// The package threw this.
    Error(Value),
}

impl Node {
    /// Starts the player of cases in a project that [`install`] has made.
    ///
    /// # Errors
    ///
    /// If Node.js cannot be started.
    pub(crate) fn start(project: &Path) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(project.join("cases.mjs")).current_dir(project);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
        let questions = child.stdin.take().context("no pipe to node")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe from node")?);
        Ok(Self { child, questions, answers })
    }

    /// What the package makes of a request.
    ///
    /// # Errors
    ///
    /// If Node.js has ended.
    pub(crate) fn ask(&mut self, question: &Question<'_>) -> Result<Answered> {
        writeln!(self.questions, "{}", serde_json::to_string(question)?).context("node has ended")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer).with_context(|| format!("node answered {answer:?}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::tallies;

    #[test]
    fn tallies_with_their_failures() {
        let read =
            tallies("Node.js 20: 2 passed, 0 failed\nworkerd: 1 passed, 1 failed\n  FAIL a\n    why\n");
        let read: Vec<_> = read.iter().map(|t| (t.host.as_str(), t.passed, t.failed.join(","))).collect();
        assert_eq!(read, [("Node.js 20", 2, String::new()), ("workerd", 1, "a\nwhy".to_string())]);
    }
}
