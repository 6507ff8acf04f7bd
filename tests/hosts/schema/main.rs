//! The JSON Schema of the configuration before the validators that editors and pipelines use: Ajv in strict mode, and
//! check-jsonschema. Both take the schema, accept every good document of the repository, and find every mistake that a
//! schema can express.

mod documents;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::{node, python};
use serde_json::Value;

use documents::Document;

fn main() -> ExitCode {
    harness::run(
        vec![
            harness::checks("schema::Ajv", ajv),
            harness::checks("schema::check-jsonschema", check_jsonschema),
        ],
        Order::Parallel,
    )
}

fn schema() -> PathBuf {
    root().join("docs/portcullis.schema.json")
}

/// Every document, with whether the schema has to accept it.
fn all() -> Result<Vec<(Document, bool)>> {
    let good = documents::good()?.into_iter().map(|document| (document, true));
    let bad = documents::bad()?.into_iter().map(|document| (document, false));
    let all: Vec<_> = good.chain(bad).collect();
    let count = |wanted: bool| all.iter().filter(|(_, good)| *good == wanted).count();
    ensure!(count(true) > 25 && count(false) > 25, "{} documents", all.len());
    Ok(all)
}

fn compare(summary: &mut Summary, all: &[(Document, bool)], said: &[String]) {
    for ((Document { name, .. }, good), said) in all.iter().zip(said) {
        match (good, said.is_empty()) {
            (true, true) | (false, false) => summary.passed += 1,
            (true, false) => summary.failed.push(format!("{name} is good, and refused: {said}")),
            (false, true) => summary.failed.push(format!("{name} is bad, and accepted")),
        }
    }
}

fn ajv(summary: &mut Summary) -> Result<()> {
    let all = all()?;
    let values: Vec<&Value> = all.iter().map(|(document, _)| &document.value).collect();
    let dir = empty_dir("ajv")?;
    let file = dir.join("documents.json");
    fs::write(&file, serde_json::to_vec(&values)?).with_context(|| file.display().to_string())?;
    let said = step("Ajv", |step| node::schema(step, &schema(), &file))?;
    ensure!(said.len() == all.len(), "Ajv answered about {} of {} documents", said.len(), all.len());
    let said: Vec<String> = said.iter().map(|errors| errors.join(", ")).collect();
    compare(summary, &all, &said);
    Ok(())
}

fn check_jsonschema(summary: &mut Summary) -> Result<()> {
    let all = all()?;
    let dir = empty_dir("check-jsonschema")?;
    let mut files = Vec::new();
    for (index, (document, _)) in all.iter().enumerate() {
        let file = dir.join(format!("{index}.json"));
        fs::write(&file, document.value.to_string()).with_context(|| file.display().to_string())?;
        files.push(file.display().to_string());
    }
    let report = step("check-jsonschema", |step| report(step, &files))?;
    let mut said = vec![String::new(); all.len()];
    for error in report["errors"].as_array().context("errors")? {
        let place = files.iter().position(|file| error["filename"] == file.as_str()).context("a file")?;
        let said = said.get_mut(place).context("a document")?;
        *said = format!("{}: {}", error["path"], error["message"]);
    }
    compare(summary, &all, &said);
    Ok(())
}

/// What check-jsonschema says about `files`.
fn report(step: &Step, files: &[String]) -> Result<Value> {
    let requirements = root().join("tests/support/python/schema.txt");
    let bin = python::venv("schema", &requirements, step)?;
    step.run(Command::new(bin.join("check-jsonschema")).arg("--check-metaschema").arg(schema()))?;
    let mut command = Command::new(bin.join("check-jsonschema"));
    command.args(["--output-format", "json", "--schemafile"]).arg(schema()).args(files);
    let output = step.run_for_output(&mut command)?;
    serde_json::from_str(&output.stdout).context(output.stdout)
}

fn empty_dir(name: &str) -> Result<PathBuf> {
    let dir = target("schema").join(name);
    if Path::new(&dir).exists() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    Ok(dir)
}
