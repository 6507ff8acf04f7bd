//! What every artefact is made of: a crate compiled to a module, optimised, and measured.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use portcullis_test_support::step::Step;
use portcullis_test_support::tools::{node, rust};

/// This file, so that a change of the recipe counts as a change of the inputs.
pub(super) const RECIPE: &str = include_str!("module.rs");

/// What the compiler may use in a module and the optimiser must therefore accept. Every host has it: proxy-wasm's,
/// wasmtime, and the engines that run Node.js 20 or a browser of its age.
const FEATURES: &[&str] = &[
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
];

/// How much the optimiser does. The compiler has done most of it: with more, modules are no faster and less than a hundredth
/// smaller after compression, and take three times as long.
pub(super) const LEVEL: &str = "-O1";

/// Compiles one crate; its module. `options` go to cargo.
///
/// # Errors
///
/// If it does not compile, or cargo makes no module of it.
pub(super) fn compile(step: &Step, package: &str, options: &[&str]) -> Result<PathBuf> {
    let modules = compile_all(step, &[package], options)?;
    modules.into_iter().next().ok_or_else(|| anyhow!("cargo built no module"))
}

/// Compiles crates in one go; their modules, in the order of the packages.
///
/// # Errors
///
/// As [`compile`].
pub(super) fn compile_all(step: &Step, packages: &[&str], options: &[&str]) -> Result<Vec<PathBuf>> {
    step.message("cargo build");
    let messages = step.run(
        rust::cargo()
            .arg("build")
            .args(packages.iter().map(|package| format!("--package={package}")))
            .args(["--profile=wasm", "--target=wasm32-unknown-unknown"])
            .args(options)
            .arg("--message-format=json-render-diagnostics"),
    )?;
    let artefacts: Vec<Value> = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let module = |package: &&str| {
        let library = package.replace('-', "_");
        let of_package = artefacts.iter().filter(|message| message["target"]["name"] == *library);
        let files = of_package.filter_map(|message| message["filenames"].as_array()).flatten();
        files
            .filter_map(|name| name.as_str().map(PathBuf::from))
            .find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
            .ok_or_else(|| anyhow!("cargo built no module for `{package}`"))
    };
    packages.iter().map(module).collect()
}

/// Optimises the module `from` into `to`, with the binaryen among `tools`. `options` are the level, mostly
/// [`LEVEL`], and what this module has beyond [`FEATURES`].
///
/// # Errors
///
/// If the optimiser fails.
pub(super) fn optimise(step: &Step, tools: &Path, from: &Path, to: &Path, options: &[&str]) -> Result<()> {
    step.message(format!("wasm-opt {}", to.display()));
    let mut command = node::command(tools, "wasm-opt");
    command.arg(from).arg("-o").arg(to).args(options).args(FEATURES);
    step.run(&mut command).map(drop)
}

/// Size of a file and its size after gzip, as a CDN would store it.
///
/// # Errors
///
/// If it cannot be read.
pub(crate) fn sizes(path: &Path) -> Result<(u64, u64)> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&bytes)?;
    Ok((u64::try_from(bytes.len())?, u64::try_from(gzip.finish()?.len())?))
}

/// The imports of a module, each as `module name`, in order. The digits that wasm-bindgen adds to a name are left out.
///
/// # Errors
///
/// If it is no module.
pub(super) fn imports(wasm: &Path) -> Result<Vec<String>> {
    let module = walrus::Module::from_file(wasm).with_context(|| wasm.display().to_string())?;
    let mut imports: Vec<String> = module
        .imports
        .iter()
        .map(|import| {
            let name = match import.name.rsplit_once('_') {
                Some((name, hash))
                    if hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    name
                }
                _ => &import.name,
            };
            format!("{} {name}", import.module)
        })
        .collect();
    imports.sort();
    Ok(imports)
}
