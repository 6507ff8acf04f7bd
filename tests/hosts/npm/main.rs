//! The npm package as it is published, in every JavaScript host it is for.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::artefact::NpmArtefact;
use portcullis_test_support::build;
use portcullis_test_support::host::node::{self, Tally};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::debian;
use serde_json::Value;

/// The hosts whose tests must have run; a tally's name is one of them, or one of them and a version.
const HOSTS: &[&str] = &["Node.js", "workerd", "Chromium"];

fn main() -> ExitCode {
    let artefact = Fixture::new(|| {
        step("build the npm package", |step| {
            let artefact = build::npm(step)?;
            step.say(&artefact.to_string());
            Ok(artefact)
        })
    });
    let package = artefact.clone();
    // One run of the package's own tests goes through all hosts.
    let tallies = Fixture::new(move || {
        let artefact = package.get()?;
        step("Chromium", debian::chromium)?;
        step("the package's own tests", |step| node::tests(step, artefact))
    });
    let mut tests = vec![harness::checks("npm::exports", move |summary| exports(artefact.get()?, summary))];
    for host in HOSTS {
        let tallies = tallies.clone();
        tests.push(harness::checks(format!("npm::{}", host.to_lowercase()), move |summary| {
            let own: Vec<_> = tallies.get()?.iter().filter(|tally| of_host(tally) == Some(*host)).collect();
            let ran = own.iter().any(|tally| tally.passed > 0);
            summary.count((!ran).then(|| format!("no test of the npm package passed in {host}")));
            own.into_iter().for_each(|tally| add(tally, summary));
            Ok(())
        }));
    }
    tests.push(harness::checks("npm::bundled_and_types", move |summary| {
        tallies.get()?.iter().filter(|tally| of_host(tally).is_none()).for_each(|tally| add(tally, summary));
        Ok(())
    }));
    harness::run(tests, Order::Sequential)
}

/// The host a tally is of, up to the version; "Chromium, bundled" is not the Chromium that is meant.
fn of_host(tally: &Tally) -> Option<&'static str> {
    let is = |host: &&&str| tally.host == **host || tally.host.starts_with(&format!("{host} "));
    HOSTS.iter().find(is).copied()
}

fn add(tally: &Tally, summary: &mut Summary) {
    let Tally { host, passed, failed } = tally;
    let failed = failed.iter().map(|failure| format!("{host}: {failure}")).collect();
    summary.add(Summary { passed: *passed, failed });
}

/// Every file that the manifest exports is there.
fn exports(artefact: &NpmArtefact, summary: &mut Summary) -> Result<()> {
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
