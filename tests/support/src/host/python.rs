//! The component of the world `gate` in Python: `examples/agentflow/component/host.py` with PyPI's wasmtime.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::program::Program;
use crate::root::root;
use crate::step::Step;
use crate::tools::python;

/// Runs the example as its description says: with the component and a configuration; what it prints.
///
/// # Errors
///
/// If Python is missing, the packages cannot be installed, or the example fails.
pub fn example(component: &Path, config: &Path, step: &Step) -> Result<String> {
    let mut command = interpreter(step)?;
    step.run(command.arg(folder().join("host.py")).arg(component).arg(config))
}

/// Starts the program that answers the cases.
///
/// # Errors
///
/// If Python is missing, or the packages cannot be installed.
pub fn cases(component: &Path, step: &Step) -> Result<Program> {
    let script = root().join("tests/support/python/cases.py");
    Program::start(interpreter(step)?.arg(script).arg(folder()).arg(component))
}

fn folder() -> PathBuf {
    root().join("examples").join("agentflow").join("component")
}

fn interpreter(step: &Step) -> Result<Command> {
    let bin = python::venv("wasmtime", &folder().join("requirements.txt"), step)?;
    let mut command = Command::new(bin.join("python"));
    // The example's folder is no place for compiled files.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}
