//! How large what is shipped is, after gzip.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use portcullis_test_support::root::target;
use portcullis_test_support::step::{Step, step};
use portcullis_test_support::tools::node;
use serde_json::json;

use super::by_crate;
use super::limits::{self, Limited};
use super::outcome::Outcome;
use crate::build;

const WORKER: f64 = 260.0;
const FILTER: f64 = 270.0;
/// The components that have an aim.
const COMPONENTS: [(&str, f64); 1] = [("gate", 230.0)];
const NPM: f64 = 200.0;
const NPM_SYMMETRIC: f64 = 90.0;
const DECODE: f64 = 0.5;

/// Measures all of it.
///
/// # Errors
///
/// If something does not build.
pub(super) fn outcome() -> Result<Outcome> {
    let rows = rows()?;
    let shares = by_crate::shares(&build::trimmed())?;
    let artefacts = limits::table("artefact", &rows);
    let body = format!("{artefacts}\n### By crate\n\n{BY_CRATE}\n\n{}", by_crate::table(&shares));
    Ok(Outcome {
        title: "Size",
        about: ABOUT.to_owned(),
        body,
        notes: String::new(),
        json: json!({"artefacts": rows, "by_crate": shares}),
    })
}

const ABOUT: &str = "`cargo xtask bench size`: bytes after gzip at its highest level, in KB of 1,000, of what \
                     `cargo xtask build all` builds. The same sources and tools give the same bytes on every machine.\n\
                     *npm* is the module of the package; *without asymmetric families* is the same compiled with \
                     `--no-default-features --features=hmac`, which is not shipped. *decode* is what esbuild leaves of \
                     `portcullis/decode` in a script that imports `decodeUnverified` alone.";

const BY_CRATE: &str = "The Envoy filter as the compiler leaves it, neither optimised further nor compressed, in KB of\n\
                        1,000. What is generic counts for the crate that defines it: most of core and alloc is what this\n\
                        gate makes of them.";

fn rows() -> Result<Vec<Limited>> {
    let worker = step("build the Worker", build::worker)?;
    let [module, script] = ["index_bg.wasm", "worker.mjs"].map(|name| kilobytes(&worker.dir.join(name)));
    let (module, script) = (module?, script?);
    let mut rows = vec![
        row("Worker, module and script", module + script).at_most(WORKER),
        row("Worker, module", module),
        row("Worker, script", script),
    ];
    let filter = step("build the Envoy filter", build::proxy_wasm)?;
    rows.push(row("Envoy filter", kilobytes(&filter.path)?).at_most(FILTER));
    for component in step("build the components", build::component)? {
        let size = row(&format!("component `{}`", component.name), kilobytes(&component.path)?);
        let aim = COMPONENTS.iter().find(|(name, _)| *name == component.name);
        rows.push(match aim {
            Some((_, aim)) => size.at_most(*aim),
            None => size,
        });
    }
    let package = step("build the npm package", build::npm)?;
    rows.push(row("npm", kilobytes(&package.dir.join("portcullis.wasm"))?).at_most(NPM));
    let symmetric = step("build it without asymmetric families", build::npm_symmetric)?;
    rows.push(row("npm, without asymmetric families", kilobytes(&symmetric)?).at_most(NPM_SYMMETRIC));
    let decode = step("bundle portcullis/decode", |step| bundled_decode(&package.dir, step))?;
    rows.push(row("decode", kilobytes(&decode)?).at_most(DECODE));
    Ok(rows)
}

fn row(what: &str, size: f64) -> Limited {
    Limited::new(what, size, "KB")
}

/// The size of a file after gzip.
fn kilobytes(path: &Path) -> Result<f64> {
    let (_, gzip) = build::sizes(path)?;
    Ok(f64::from(u32::try_from(gzip)?) / 1000.0)
}

/// What a bundler leaves of `portcullis/decode` in the package in `dir`; the file.
fn bundled_decode(dir: &Path, step: &Step) -> Result<PathBuf> {
    let out = target("bench");
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let (entry, bundle) = (out.join("decode.entry.mjs"), out.join("decode.mjs"));
    let module = serde_json::to_string(&dir.join("decode.js"))?;
    let text = format!("import {{ decodeUnverified }} from {module};\nconsole.log(decodeUnverified);\n");
    fs::write(&entry, text).with_context(|| entry.display().to_string())?;
    step.run(
        node::command(&node::npm(step)?, "esbuild")
            .arg(&entry)
            .args(["--bundle", "--format=esm", "--minify", "--log-level=warning"])
            .arg(format!("--outfile={}", bundle.display())),
    )?;
    Ok(bundle)
}
