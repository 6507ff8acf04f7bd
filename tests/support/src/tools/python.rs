//! Python for the origins: an interpreter that is new enough, and virtual environments under `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::stamp::{Stamp, lock};
use crate::remedy::remedy;
use crate::root::target;
use crate::step::Step;

/// The oldest Python the origins run on.
const MINIMUM: (u32, u32) = (3, 12);
/// Whatever is newer than that.
const NEWEST: (u32, u32) = (u32::MAX, u32::MAX);

/// Packages and no others, whatever they say that they depend on, and which Python they are for.
const BARE: &[&str] = &["--no-deps", "--ignore-requires-python"];

/// A virtual environment with the packages of `requirements`, made once; returns its `bin` folder.
///
/// # Errors
///
/// If there is no suitable Python, or pip cannot install.
pub fn venv(name: &str, requirements: &Path, step: &Step) -> Result<PathBuf> {
    prepare(name, requirements, &[], NEWEST, step)
}

/// As [`venv`], with the packages of `requirements` and no others, whatever they say that they depend on, and whatever
/// versions of Python they say they are for.
///
/// # Errors
///
/// As [`venv`].
pub fn bare_venv(name: &str, requirements: &Path, step: &Step) -> Result<PathBuf> {
    prepare(name, requirements, BARE, NEWEST, step)
}

/// As [`bare_venv`], with Python 3.12: some packages have no wheels for what is newer.
///
/// # Errors
///
/// As [`venv`].
pub fn bare_venv_3_12(name: &str, requirements: &Path, step: &Step) -> Result<PathBuf> {
    prepare(name, requirements, BARE, (3, 12), step)
}

fn prepare(
    name: &str,
    requirements: &Path,
    options: &[&str],
    newest: (u32, u32),
    step: &Step,
) -> Result<PathBuf> {
    let wanted = fs::read(requirements).with_context(|| requirements.display().to_string())?;
    let (python, version) = interpreter(newest)?;
    let dir = target("venv").join(name);
    let _lock = lock(&format!("venv-{name}"))?;
    let mut inputs = vec![wanted.as_slice(), version.as_bytes()];
    inputs.extend(options.iter().map(|option| option.as_bytes()));
    let stamp = Stamp::new(&dir, &inputs);
    let bin = dir.join("bin");
    if stamp.matches() {
        return Ok(bin);
    }
    step.message(format!("creating a virtual environment with Python {version}"));
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    step.run(Command::new(&python).args(["-m", "venv"]).arg(&dir)).with_context(|| remedy("python3"))?;
    let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"];
    step.run(Command::new(bin.join("python")).args(pip).args(options).arg("-r").arg(requirements))?;
    stamp.set()?;
    Ok(bin)
}

/// The first interpreter that starts, is new enough and not newer than `newest`, with its version.
fn interpreter(newest: (u32, u32)) -> Result<(PathBuf, String)> {
    let mut candidates: Vec<PathBuf> = ["python3.13", "python3.12", "python3"].map(PathBuf::from).into();
    candidates.extend(pyenv_interpreters());
    let mut seen = Vec::new();
    for candidate in candidates {
        // A pyenv shim exists without its Python and fails when called: only an answer counts.
        let Some(version) = version_of(&candidate) else { continue };
        if parse(&version).is_some_and(|version| (MINIMUM..=newest).contains(&version)) {
            return Ok((candidate, version));
        }
        seen.push(format!("{} is {version}", candidate.display()));
    }
    let found = if seen.is_empty() { "none found".to_string() } else { seen.join(", ") };
    let wanted = if newest == NEWEST { "3.12 or newer" } else { "3.12" };
    bail!("Python {wanted} is missing ({found}): {}", remedy("python3"))
}

/// Interpreters below pyenv's folder, newest first.
fn pyenv_interpreters() -> Vec<PathBuf> {
    let folder = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let Some(entries) = folder.and_then(|folder| fs::read_dir(folder.join("versions")).ok()) else {
        return Vec::new();
    };
    let mut versions: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            Some((parse(entry.file_name().to_str()?)?, entry.path().join("bin").join("python3")))
        })
        .filter(|(version, _)| *version >= MINIMUM)
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}

fn version_of(python: &Path) -> Option<String> {
    let output = Command::new(python)
        .args(["-c", "import platform; print(platform.python_version())"])
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
