//! The OpenAPI document of the R2R server, made by `tests/r2r/openapi.py` from the server's own code.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::root;
use crate::step::Step;
use crate::tools::python;

/// Makes the document and returns its place. What it is made with is installed once: the server's package, and of the
/// hundreds that this depends on only those that describe routes.
///
/// # Errors
///
/// If Python is missing, the packages cannot be installed, or the server cannot be put together.
pub fn openapi(step: &Step) -> Result<PathBuf> {
    let fixture = root::root().join("tests/r2r");
    let bin = python::bare_venv("r2r-3.6.6", &fixture.join("requirements.txt"), step)?;
    let directory = root::target("r2r");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let document = directory.join("openapi.json");
    step.message("putting the server together");
    step.run(
        Command::new(bin.join("python"))
            .arg(fixture.join("openapi.py"))
            .arg(&document)
            // Where the server would look for tools and logs of its user.
            .current_dir(&directory)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore"),
    )?;
    Ok(document)
}
