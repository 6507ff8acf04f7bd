//! The npm package as it is published, in every JavaScript host it is for.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::{self, NpmArtefact};
use crate::demo::Summary;
use crate::host::node::{self, Tally};
use crate::step::step;
use crate::tools::debian;

/// The hosts whose tests must have run; a tally's name is one of them, or one of them and a version.
const HOSTS: &[&str] = &["Node.js", "workerd", "Chromium"];

/// Builds the package and runs its tests in all hosts.
pub(super) fn check() -> Result<Summary> {
    let artefact = step("build the npm package", |step| {
        let artefact = build::npm(step)?;
        step.say(&artefact.to_string());
        Ok(artefact)
    })?;
    let mut summary = Summary::default();
    entries(&artefact, &mut summary)?;
    step("Chromium", debian::chromium)?;
    let tallies = step("the package's own tests", |step| {
        let tallies = node::tests(step, &artefact)?;
        for Tally { host, passed, failed } in &tallies {
            step.say(&format!("{host}: {passed} passed, {} failed", failed.len()));
        }
        Ok(tallies)
    })?;
    for host in HOSTS {
        // Up to the version; "Chromium, bundled" is not the Chromium that is meant.
        let is_host = |name: &str| name == *host || name.starts_with(&format!("{host} "));
        let ran = tallies.iter().any(|tally| is_host(&tally.host) && tally.passed > 0);
        summary.count((!ran).then(|| format!("no test of the npm package passed in {host}")));
    }
    for Tally { host, passed, failed } in tallies {
        let failed = failed.into_iter().map(|failure| format!("{host}: {failure}")).collect();
        summary.add(Summary { passed, failed });
    }
    Ok(summary)
}

/// Every file that the manifest exports is there.
fn entries(artefact: &NpmArtefact, summary: &mut Summary) -> Result<()> {
    let path = artefact.dir.join("package.json");
    let text = fs::read(&path).with_context(|| path.display().to_string())?;
    let manifest: Value = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    let mut files = Vec::new();
    collect(&manifest["exports"], &mut files);
    summary.count(files.is_empty().then(|| "package.json exports nothing".to_string()));
    for file in files {
        let missing = !artefact.dir.join(file).is_file();
        summary.count(missing.then(|| format!("package.json exports {file}, which is not in the package")));
    }
    Ok(())
}

/// All paths in a manifest's `exports`, below whatever conditions.
fn collect<'v>(exports: &'v Value, files: &mut Vec<&'v str>) {
    match exports {
        Value::String(file) => files.push(file),
        Value::Object(conditions) => conditions.values().for_each(|value| collect(value, files)),
        _ => {}
    }
}
