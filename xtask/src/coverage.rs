//! Which lines and branches of the core its tests reach.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::tools::nightly;
use portcullis_test_support::tools::rust::cargo;
use portcullis_test_support::tools::stamp::{Stamp, lock};

/// The pinned cargo-llvm-cov.
const CARGO_LLVM_COV: &str = "0.9.1";

/// Runs the tests of the core with counters and prints a line for each file: covered lines and branches, and the lines that no
/// test reaches.
///
/// # Errors
///
/// If a tool cannot be installed, or a test fails.
pub(crate) fn run() -> Result<bool> {
    let report = step("coverage of the core", |step| {
        let toolchain = nightly::toolchain(step)?;
        nightly::component(toolchain, "llvm-tools", step)?;
        let llvm_cov = install(step)?;
        let work = target("coverage");
        fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
        let report = work.join("report.json");
        step.message("running the tests");
        let mut command = nightly::command(toolchain, &llvm_cov);
        command
            .args(["llvm-cov", "--branch", "--package=portcullis", "--json", "--output-path"])
            .arg(&report);
        command.current_dir(root()).env("CARGO_TARGET_DIR", &work);
        step.run(&mut command)?;
        let text = fs::read(&report).with_context(|| report.display().to_string())?;
        Ok(serde_json::from_slice::<Value>(&text)?)
    })?;
    println!("{}", table(&report["data"][0])?);
    Ok(true)
}

fn install(step: &Step) -> Result<PathBuf> {
    let dir = target("cargo-llvm-cov");
    let _lock = lock("cargo-llvm-cov")?;
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let stamp = Stamp::new(&dir, &[CARGO_LLVM_COV.as_bytes()]);
    let binary = dir.join("bin").join("cargo-llvm-cov");
    if !stamp.matches() || !binary.exists() {
        step.message(format!("installing cargo-llvm-cov {CARGO_LLVM_COV}"));
        let options = ["--debug", "--locked", "--version", CARGO_LLVM_COV, "--root"];
        step.run(cargo().args(["install", "cargo-llvm-cov"]).args(options).arg(&dir)).with_context(|| {
            format!(
                "could not install it; try `cargo install cargo-llvm-cov --version {CARGO_LLVM_COV}` by hand"
            )
        })?;
        stamp.set()?;
    }
    Ok(binary)
}

fn table(data: &Value) -> Result<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["file", "lines", "branches", "lines that no test reaches"]);
    let source = root().join("src");
    for file in data["files"].as_array().context("llvm-cov names no files")? {
        let path = Path::new(file["filename"].as_str().unwrap_or_default());
        let Ok(name) = path.strip_prefix(&source) else { continue };
        let missed: Vec<String> = uncovered(file).into_iter().map(|line| line.to_string()).collect();
        table.add_row([
            name.display().to_string(),
            share(&file["summary"]["lines"]),
            share(&file["summary"]["branches"]),
            missed.join(" "),
        ]);
    }
    Ok(table.to_string())
}

/// `covered/count`, of one entry of a summary.
fn share(entry: &Value) -> String {
    format!("{}/{}", entry["covered"], entry["count"])
}

/// The lines where a region begins that was never entered.
fn uncovered(file: &Value) -> std::collections::BTreeSet<u64> {
    let segments = file["segments"].as_array().into_iter().flatten();
    // A segment is line, column, count, whether there is a count, whether a region begins, whether it is a gap.
    segments
        .filter(|segment| segment[2] == 0 && segment[3] == true && segment[4] == true && segment[5] == false)
        .filter_map(|segment| segment[0].as_u64())
        .collect()
}
