//! The npm package: compile, bind, optimise, put together, pack.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use super::module;
use portcullis_test_support::artefact::NpmArtefact;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::stamp::Stamp;
use portcullis_test_support::tools::{node, rust};

/// How this one is compiled otherwise.
const OPTIONS: &[&str] = &[
    // wasm-bindgen reads the section that names the module's features, and wasm-opt strips the rest afterwards.
    "--config=profile.wasm.strip=\"debuginfo\"",
    // People download this one: a quarter less to load counts for more than microseconds in a decision.
    "--config=profile.wasm.opt-level=\"s\"",
];

/// The only functions the module may import, all of them its own glue: asking for a secret and about a signature, throwing,
/// and the table of references. Another one is a host function that a dependency has brought in unasked.
const IMPORTS: &[&str] = &[
    "./glue_bg.js __wbg___wbindgen_throw",
    "./glue_bg.js __wbg_fetches",
    "./glue_bg.js __wbg_get",
    "./glue_bg.js __wbg_reaches_origin",
    "./glue_bg.js __wbg_verify",
    "./glue_bg.js __wbindgen_generic",
    "./glue_bg.js __wbindgen_init_externref_table",
];

/// Most bytes of the module.
const WASM_BUDGET: u64 = 1360 * 1024;
/// Most bytes of the module after gzip.
const WASM_GZIP_BUDGET: u64 = 547 * 1024;
/// Most bytes of `portcullis/decode` after gzip.
const DECODE_GZIP_BUDGET: u64 = 880;
/// Most bytes of the packed package: the module twice, once inside the entry for most hosts.
const TARBALL_BUDGET: u64 = 1150 * 1024;

/// What is shipped as it stands in `bindings/npm/js`. `index.js` is not: the module goes into it.
const SCRIPTS: &[&str] = &[
    "calls.js",
    "decode.d.ts",
    "decode.js",
    "errors.js",
    "fetch.d.ts",
    "fetch.js",
    "forward.js",
    "gate.js",
    "guard.d.ts",
    "guard.js",
    "index.d.ts",
    "instance.js",
    "node.d.ts",
    "node.js",
    "reasons.js",
    "request.js",
    "signatures.js",
    "web.js",
    "workerd.js",
];

/// What the licence of the code that inflates the module asks for; its text is shipped beside.
const INFLATE_NOTICE: &str =
    "Contains fflate: MIT License, Copyright (c) 2026 Arjun Barrett, see LICENSE-fflate";

/// Builds the package into `dist/npm` and packs it beside. Steps whose inputs have not changed are skipped.
///
/// # Errors
///
/// If a tool is missing or fails, the module imports what no JavaScript host has, or something is over its budget.
pub(crate) fn npm(step: &Step) -> Result<NpmArtefact> {
    rust::targets(step)?;
    let modules = node::npm(step)?;
    let compiled = module::compile(step, "portcullis-npm", OPTIONS)?;
    let source = root().join("bindings").join("npm");
    let dist = root().join("dist");
    let manifest = source.join("package.json");
    let version = version(&manifest)?;
    let tarball = dist.join(format!("portcullis-{version}.tgz"));

    let scripts: Vec<PathBuf> = SCRIPTS.iter().map(|name| source.join("js").join(name)).collect();
    let mut copied = scripts;
    copied.extend([manifest, source.join("README.md")]);
    copied.extend(["LICENSE-APACHE", "LICENSE-MIT"].map(|name| root().join(name)));
    let entry = source.join("js").join("index.js");
    let lock = root().join("tests").join("support").join("npm").join("package-lock.json");
    let read = |path: &PathBuf| fs::read(path).with_context(|| path.display().to_string());
    let mut inputs = copied.iter().map(read).collect::<Result<Vec<_>>>()?;
    inputs.extend([
        read(&compiled)?,
        read(&entry)?,
        read(&lock)?,
        [RECIPE, module::RECIPE].concat().into_bytes(),
    ]);

    let work = target("build").join("npm");
    let dir = dist.join("npm");
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    // In the folder of work, so that it is not packed.
    let stamp = Stamp::new(&work, &inputs.iter().map(Vec::as_slice).collect::<Vec<_>>());
    if !stamp.matches() || !tarball.exists() {
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
        }
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        step.message("wasm-bindgen");
        bind(&compiled, &work)?;
        let wasm = dir.join("portcullis.wasm");
        module::optimise(step, &modules, &work.join("glue_bg.wasm"), &wasm, SMALL)?;
        fs::copy(work.join("glue.js"), dir.join("glue.js"))?;
        for path in &copied {
            fs::copy(path, dir.join(path.file_name().unwrap_or_default()))
                .with_context(|| path.display().to_string())?;
        }
        fs::copy(modules.join("fflate").join("LICENSE"), dir.join("LICENSE-fflate"))?;
        step.message("esbuild");
        fs::write(work.join("portcullis.wasm.deflate"), deflate(&read(&wasm)?)?)?;
        fs::copy(&entry, work.join("index.js"))?;
        step.run(
            node::command(&modules, "esbuild")
                .arg(work.join("index.js"))
                .args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"])
                .args(["--loader:.deflate=binary", "--external:./instance.js", "--external:./gate.js"])
                .arg(format!("--banner:js=/*! {INFLATE_NOTICE} */"))
                .arg(format!("--outfile={}", dir.join("index.js").display()))
                .env("NODE_PATH", &modules),
        )?;
        step.message("npm pack");
        step.run(
            Command::new("npm")
                .args(["pack", "--ignore-scripts", "--pack-destination"])
                .arg(&dist)
                .current_dir(&dir),
        )?;
        stamp.set()?;
    }
    measure(dir, tarball)
}

/// What the optimiser makes of it: what a page loads is counted before compression, too.
const SMALL: &[&str] = &["-Os"];

/// Builds the module with no family of algorithms but HMAC, for comparison; the file.
///
/// # Errors
///
/// If a tool is missing or fails.
pub(crate) fn npm_symmetric(step: &Step) -> Result<PathBuf> {
    rust::targets(step)?;
    let modules = node::npm(step)?;
    let options = [OPTIONS, &["--no-default-features", "--features=hmac"]].concat();
    let compiled = module::compile(step, "portcullis-npm", &options)?;
    let work = target("build").join("npm-symmetric");
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    bind(&compiled, &work)?;
    let wasm = work.join("portcullis.wasm");
    module::optimise(step, &modules, &work.join("glue_bg.wasm"), &wasm, SMALL)?;
    Ok(wasm)
}

/// This file, so that a change of the recipe counts as a change of the inputs.
const RECIPE: &str = include_str!("npm.rs");

/// The module as the entry for most hosts has it inside: smaller than the module itself, even in base64.
fn deflate(wasm: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(wasm)?;
    encoder.finish()
}

/// The version in the manifest, which must be that of the workspace.
fn version(manifest: &Path) -> Result<String> {
    let text = fs::read(manifest).with_context(|| manifest.display().to_string())?;
    let manifest: Value = serde_json::from_slice(&text).with_context(|| manifest.display().to_string())?;
    let version = manifest["version"].as_str().unwrap_or_default();
    let expected = env!("CARGO_PKG_VERSION");
    ensure!(version == expected, "bindings/npm/package.json has version {version}; write {expected}");
    Ok(version.to_string())
}

/// Writes `glue.js` and `glue_bg.wasm`: without a path of its own to the module, which each entry knows better, and with
/// the function that replaces an instance that has trapped.
fn bind(compiled: &Path, out: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .out_name("glue")
        .typescript(false)
        .omit_default_module_path(true)
        .reset_state_function(true)
        .generate(out)
}

fn measure(dir: PathBuf, tarball: PathBuf) -> Result<NpmArtefact> {
    let wasm = dir.join("portcullis.wasm");
    let (wasm_bytes, wasm_gzip_bytes) = module::sizes(&wasm)?;
    let (_, decode_gzip_bytes) = module::sizes(&dir.join("decode.js"))?;
    let artefact = NpmArtefact {
        wasm_bytes,
        wasm_gzip_bytes,
        decode_gzip_bytes,
        tarball_bytes: fs::metadata(&tarball).with_context(|| tarball.display().to_string())?.len(),
        imports: module::imports(&wasm)?,
        dir,
        tarball,
    };
    for (what, bytes, budget) in [
        ("the module", artefact.wasm_bytes, WASM_BUDGET),
        ("the module after gzip", artefact.wasm_gzip_bytes, WASM_GZIP_BUDGET),
        ("portcullis/decode after gzip", artefact.decode_gzip_bytes, DECODE_GZIP_BUDGET),
        ("the packed package", artefact.tarball_bytes, TARBALL_BUDGET),
    ] {
        ensure!(bytes <= budget, "{what} has {bytes} bytes, and {budget} are allowed");
    }
    let expected = artefact.imports.iter().map(String::as_str).eq(IMPORTS.iter().copied());
    if !expected {
        bail!(
            "the module imports\n  {}\nand may import\n  {}",
            artefact.imports.join("\n  "),
            IMPORTS.join("\n  ")
        );
    }
    Ok(artefact)
}
