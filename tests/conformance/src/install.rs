//! Getting what is compared with: pinned, in folders of its own below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use portcullis_test_support::artefact::NpmArtefact;
use portcullis_test_support::build;
use portcullis_test_support::program;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::tools::python;
use portcullis_test_support::tools::stamp::{Stamp, lock};

/// Scripts that need the packages beside them, in `tests/conformance/npm`.
const SCRIPTS: &[&str] = &["driver.mjs", "forge.mjs", "lines.mjs"];

/// The prepared folders and programs of the drivers.
#[derive(Debug)]
pub(super) struct Drivers {
    /// A project with the npm packages and this product's package.
    pub(super) npm: PathBuf,
    /// A Python with the packages from PyPI.
    pub(super) python: PathBuf,
    /// The driver of the crates.
    pub(super) rust: PathBuf,
}

impl Drivers {
    /// Builds and installs everything the drivers need.
    ///
    /// # Errors
    ///
    /// If a tool is missing or a registry cannot be reached.
    pub(super) fn prepare() -> Result<Self> {
        let package = step("build the npm package", build::npm)?;
        let npm = step("npm packages to compare with", |step| npm(step, &package))?;
        let requirements = root().join("tests/conformance/python/requirements.txt");
        let python =
            step("Python packages to compare with", |step| python::venv("conformance", &requirements, step))?;
        let rust = step("crates to compare with", rust)?;
        Ok(Self { npm, python: python.join("python"), rust })
    }
}

/// Installs the locked npm packages and this product's own tarball into one project; returns its folder.
///
/// # Errors
///
/// If npm cannot install.
fn npm(step: &Step, package: &NpmArtefact) -> Result<PathBuf> {
    let source = root().join("tests/conformance/npm");
    let project = target("conformance-npm");
    let verifiers = project.join("verifiers");
    fs::create_dir_all(&verifiers).with_context(|| verifiers.display().to_string())?;
    let _lock = lock("conformance-npm")?;
    for name in SCRIPTS {
        copy(&source.join(name), &project.join(name))?;
    }
    for entry in fs::read_dir(source.join("verifiers")).context("verifiers")? {
        let path = entry?.path();
        copy(&path, &verifiers.join(path.file_name().unwrap_or_default()))?;
    }
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let lock_file = source.join("package-lock.json");
    let stamp = Stamp::new(&project, &[&read(&package.tarball)?, &read(&lock_file)?]);
    if !stamp.matches() {
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            copy(&source.join(name), &project.join(name))?;
        }
        // npm takes a package of the same name and version for the same package.
        let installed = project.join("node_modules");
        if installed.exists() {
            fs::remove_dir_all(&installed).with_context(|| installed.display().to_string())?;
        }
        step.message("npm install");
        step.run(
            Command::new("npm")
                .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
                .arg(&package.tarball)
                .current_dir(&project),
        )?;
        stamp.set()?;
    }
    Ok(project)
}

/// Builds the driver of the crates, a workspace of its own; returns the program.
///
/// # Errors
///
/// If it does not build.
fn rust(step: &Step) -> Result<PathBuf> {
    let manifest = root().join("tests/conformance/rust/Cargo.toml");
    let (manifest, target) =
        (manifest.display().to_string(), target("conformance-rust").display().to_string());
    let options = ["--release", "--locked", "--manifest-path", &manifest, "--target-dir", &target];
    program::built(step, &options)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| from.display().to_string())
}
