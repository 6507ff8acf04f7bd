//! The Cloudflare Worker: compile, bind, optimise, bundle.
//!
//! The result is what `worker-build` and wrangler make of the same sources, without downloading either.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::module;
use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::stamp::{Stamp, lock};
use portcullis_test_support::tools::{node, rust};

/// The only module a finished Worker may import from: its own glue. Another name (`env`, `wasi_…`) is a host function
/// that a dependency has brought in unasked, and the module would not start.
const GLUE: &str = "./index_bg.js";

/// Everything the Worker takes from its glue. One more is something a dependency has brought in unasked, a clock or
/// randomness for example; the `worker` crate accounts for the promises and streams.
const IMPORTS: &[&str] = &[
    "__wbg___wbindgen_is_function",
    "__wbg___wbindgen_is_null",
    "__wbg___wbindgen_is_object",
    "__wbg___wbindgen_is_undefined",
    "__wbg___wbindgen_reinit",
    "__wbg___wbindgen_string_get",
    "__wbg___wbindgen_throw",
    "__wbg__wbg_cb_unref",
    "__wbg_buffer",
    "__wbg_byobRequest",
    "__wbg_byteLength",
    "__wbg_byteOffset",
    "__wbg_call",
    "__wbg_close",
    "__wbg_close",
    "__wbg_enqueue",
    "__wbg_error",
    "__wbg_error",
    "__wbg_get",
    "__wbg_instanceId",
    "__wbg_length",
    "__wbg_log",
    "__wbg_new",
    "__wbg_new_typed",
    "__wbg_new_with_byte_offset_and_length",
    "__wbg_queueMicrotask",
    "__wbg_queueMicrotask",
    "__wbg_resolve",
    "__wbg_respond",
    "__wbg_set",
    "__wbg_set_criticalError",
    "__wbg_set_instanceId",
    "__wbg_static_accessor_GLOBAL",
    "__wbg_static_accessor_GLOBAL_THIS",
    "__wbg_static_accessor_INIT_STATE",
    "__wbg_static_accessor_SELF",
    "__wbg_static_accessor_WINDOW",
    "__wbg_stringify",
    "__wbg_then",
    "__wbg_verify",
    "__wbg_view",
    "__wbg_warn",
    "__wbindgen_generic",
    "__wbindgen_generic",
    "__wbindgen_init_externref_table",
    "__wbindgen_jstag",
    "__wbindgen_rethrow_critical",
];

/// Builds the Worker into `dist/worker`. Steps whose inputs have not changed are skipped.
///
/// # Errors
///
/// If a tool is missing or fails, or the module imports what no Worker has.
pub(crate) fn worker(step: &Step) -> Result<WorkerArtefact> {
    rust::targets(step)?;
    let modules = node::npm(step)?;
    let _lock = lock("worker")?;
    let compiled = module::compile(step, "portcullis-worker", &[])?;
    let handler = root().join("bindings").join("worker").join("handler.mjs");
    let dir = root().join("dist").join("worker");
    package(step, &compiled, &handler, &modules, &dir)
}

/// Makes a Worker in `dir` out of a compiled module and the handler.
///
/// # Errors
///
/// As [`worker`].
fn package(
    step: &Step,
    compiled: &Path,
    handler: &Path,
    modules: &Path,
    dir: &Path,
) -> Result<WorkerArtefact> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let lock = root().join("tests").join("support").join("npm").join("package-lock.json");
    let recipe = [RECIPE, module::RECIPE, WRANGLER].concat().into_bytes();
    let inputs = [read(compiled)?, read(handler)?, read(&lock)?, recipe];
    let stamp = Stamp::new(dir, &inputs.each_ref().map(Vec::as_slice));
    if !stamp.matches() {
        // Laid out as beside `handler.mjs` after worker-build: its import must not care who built.
        let work = target("build").join(dir.file_name().unwrap_or_default());
        let glue = work.join("build");
        fs::create_dir_all(&glue)?;
        step.message("wasm-bindgen");
        bind(compiled, &glue)?;
        let wasm = dir.join("index_bg.wasm");
        // The glue catches what JavaScript throws.
        let options = [module::LEVEL, "--enable-exception-handling"];
        module::optimise(step, modules, &glue.join("index_bg.wasm"), &wasm, &options)?;
        step.message("esbuild");
        let entry = work.join("handler.mjs");
        fs::copy(handler, &entry)?;
        step.run(
            node::command(modules, "esbuild")
                .arg(&entry)
                .args(["--bundle", "--format=esm", "--minify", "--log-level=warning"])
                .args(["--external:*.wasm", "--external:cloudflare:*"])
                .arg(format!("--outfile={}", dir.join("worker.mjs").display())),
        )?;
        check_imports(&wasm)?;
        fs::write(dir.join("wrangler.toml"), WRANGLER)?;
        stamp.set()?;
    }
    measure(dir)
}

/// Deploys the finished Worker as it lies in `dist/worker`, without Rust on the machine.
const WRANGLER: &str = include_str!("wrangler.toml");

/// This file, so that a change of the recipe counts as a change of the inputs.
const RECIPE: &str = include_str!("worker.rs");

/// Writes `index.js` and `index_bg.wasm`, with the switches that worker-build passes: after a trap the next call gets
/// a fresh instance of the module.
fn bind(compiled: &Path, out: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .module(true)?
        .out_name("index")
        .typescript(false)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(out)?;
    let script = out.join("index.js");
    // Workers import a compiled module with the plain statement, not yet in the source phase.
    let text = fs::read_to_string(&script)?.replace("import source ", "import ");
    // These would keep classes of the `worker` crate that nobody uses, a fifth of the script; nothing here is declared with
    // `using`.
    let lines = text.lines().filter(|line| !line.starts_with("if (Symbol.dispose) "));
    fs::write(&script, lines.map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(())
}

/// # Errors
///
/// If the imports are not exactly [`IMPORTS`].
fn check_imports(wasm: &Path) -> Result<()> {
    let found = module::imports(wasm)?;
    if found
        .iter()
        .map(|import| import.strip_prefix(GLUE).unwrap_or(import).trim_start())
        .eq(IMPORTS.iter().copied())
    {
        return Ok(());
    }
    bail!(
        "{} imports\n  {}\nand may import from {GLUE}\n  {}",
        wasm.display(),
        found.join("\n  "),
        IMPORTS.join("\n  ")
    )
}

fn measure(dir: &Path) -> Result<WorkerArtefact> {
    let (wasm_bytes, wasm_gzip_bytes) = module::sizes(&dir.join("index_bg.wasm"))?;
    let js_bytes = fs::metadata(dir.join("worker.mjs"))?.len();
    Ok(WorkerArtefact { dir: dir.to_path_buf(), wasm_bytes, wasm_gzip_bytes, js_bytes })
}
