//! Node.js and the pinned npm packages: workerd, esbuild, wasm-opt, an OpenID provider, a reader of YAML, Istio's models, Ajv,
//! and what drives Chromium.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::stamp::{Stamp, lock};
use crate::remedy::remedy;
use crate::root::{root, target};
use crate::step::Step;

/// The oldest Node.js that the pinned packages run on.
const NODE_MAJOR: u32 = 20;

/// Installs the packages of `tests/support/npm` as locked, once, and returns their `node_modules`.
///
/// # Errors
///
/// If Node.js is missing or too old, or npm cannot install.
pub fn npm(step: &Step) -> Result<PathBuf> {
    let version = version(step)?;
    install(&root().join("tests/support/npm"), &target("npm"), &version, step)?;
    Ok(modules())
}

/// The version of Node.js, if it is new enough.
fn version(step: &Step) -> Result<String> {
    let version = step.run(Command::new("node").arg("--version"))?;
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node.js is {version}, and {NODE_MAJOR} or newer is needed: {}", remedy("node"));
    }
    Ok(version.to_owned())
}

/// Installs the packages of the folder `source` as locked, once, for programs of it; returns their `node_modules`. `name`
/// tells them apart from others.
///
/// # Errors
///
/// As [`npm`].
pub fn packages(name: &str, source: &Path, step: &Step) -> Result<PathBuf> {
    let version = version(step)?;
    let dir = target(name);
    install(source, &dir, &version, step)?;
    Ok(dir.join("node_modules"))
}

/// What is locked in `source`, in `dir`.
fn install(source: &Path, dir: &Path, version: &str, step: &Step) -> Result<()> {
    fs::create_dir_all(dir)?;
    let _lock = lock(&format!("npm-{}", dir.file_name().unwrap_or_default().display()))?;
    let mut inputs = Vec::new();
    for name in ["package.json", "package-lock.json"] {
        let path = source.join(name);
        inputs.push((name, fs::read(&path).with_context(|| path.display().to_string())?));
    }
    let parts: Vec<&[u8]> =
        inputs.iter().map(|(_, text)| text.as_slice()).chain([version.as_bytes()]).collect();
    let stamp = Stamp::new(dir, &parts);
    if !stamp.matches() {
        for (name, text) in &inputs {
            fs::write(dir.join(name), text)?;
        }
        step.message("npm install");
        // Not `npm ci`, which insists on a lock entry for every platform's workerd; registries that carry only some of
        // them exist. What is locked is installed as locked, and every version is exact either way.
        let install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
        step.run(Command::new("npm").args(install).current_dir(dir))?;
        stamp.set()?;
    }
    Ok(())
}

/// Where the packages are after [`npm`].
pub fn modules() -> PathBuf {
    target("npm").join("node_modules")
}

/// A command of an installed package.
pub fn command(modules: &Path, name: &str) -> Command {
    Command::new(modules.join(".bin").join(name))
}

/// The one document of the YAML file at `path`.
///
/// # Errors
///
/// If npm cannot install, or it is no YAML.
pub fn yaml(step: &Step, path: &Path) -> Result<Value> {
    let modules = npm(step)?;
    let printed = step.run(script("yaml.mjs", &modules).arg(path))?;
    serde_json::from_str(&printed).with_context(|| path.display().to_string())
}

/// What is wrong with each of `documents` as a `WasmPlugin` of Istio: `pointer: message`, or `member: message` for a
/// member that does not exist. `dir` is for the file it takes.
///
/// # Errors
///
/// If npm cannot install, or the models cannot be used.
pub fn wasm_plugins(step: &Step, dir: &Path, documents: &[Value]) -> Result<Vec<Vec<String>>> {
    let modules = npm(step)?;
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let path = dir.join("documents.json");
    fs::write(&path, serde_json::to_vec(documents)?).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&step.run(script("wasmplugin.mjs", &modules).arg(path))?)?)
}

/// What Ajv says about each of the JSON documents in the file `documents`, a list, against `schema`: nothing, or what is
/// wrong.
///
/// # Errors
///
/// If npm cannot install, or Ajv refuses the schema.
pub fn schema(step: &Step, schema: &Path, documents: &Path) -> Result<Vec<Vec<String>>> {
    let modules = npm(step)?;
    Ok(serde_json::from_str(&step.run(script("schema.mjs", &modules).args([schema, documents]))?)?)
}

/// A script of `tests/support/npm`, which finds its packages in `modules`.
fn script(name: &str, modules: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg(root().join("tests/support/npm").join(name)).arg(modules);
    command
}

/// The real workerd binary, not the package's script that starts it: killing the script would leave workerd running.
///
/// # Errors
///
/// If npm has no workerd for this machine.
pub fn workerd(modules: &Path) -> Result<PathBuf> {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = format!("workerd-{os}-{cpu}");
    let binary = modules.join("@cloudflare").join(&package).join("bin").join("workerd");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(anyhow!("npm did not install @cloudflare/{package}: workerd may not exist for this machine"))
    }
}
