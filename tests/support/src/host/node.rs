//! The npm package in Node.js and the other JavaScript hosts: installed from its tarball, as its users do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::artefact::NpmArtefact;
use crate::root::{root, target};
use crate::step::Step;
use crate::tools::node;
use crate::tools::stamp::Stamp;

/// What a JavaScript host made of the package's own tests.
#[derive(Debug)]
pub struct Tally {
    /// The host, with its version.
    pub host: String,
    /// How many tests passed.
    pub passed: usize,
    /// Every test that did not, with what it said.
    pub failed: Vec<String>,
}

/// Installs the packed package, with what its tests need, in a project of its own below `target/`.
///
/// # Errors
///
/// If npm cannot install.
pub fn install(step: &Step, artefact: &NpmArtefact) -> Result<PathBuf> {
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
pub fn tests(step: &Step, artefact: &NpmArtefact) -> Result<Vec<Tally>> {
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
