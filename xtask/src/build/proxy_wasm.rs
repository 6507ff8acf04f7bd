//! The filter for Envoy: compile, leave out what it does not answer, optimise, and make sure of what it imports.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walrus::Module;

use super::module;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::stamp::{Stamp, lock};
use portcullis_test_support::tools::{node, rust};

/// What a host may call. The SDK exports a function for everything that can happen to a request; without those that do
/// nothing here, bodies of responses and log entries pass without a call into wasm.
const EXPORTS: &[&str] = &[
    "_initialize",
    "malloc",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_http_call_response",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_tick",
    "proxy_on_vm_start",
];

/// What the module imports: the functions of the ABI that the SDK's traits refer to, used or not, and the environment.
/// Another one is something a dependency has brought in unasked, and the module would load nowhere.
const IMPORTS: &[&str] = &[
    "env proxy_add_header_map_value",
    "env proxy_call_foreign_function",
    "env proxy_close_stream",
    "env proxy_continue_stream",
    "env proxy_define_metric",
    "env proxy_dequeue_shared_queue",
    "env proxy_done",
    "env proxy_get_buffer_bytes",
    "env proxy_get_current_time_nanoseconds",
    "env proxy_get_header_map_pairs",
    "env proxy_get_header_map_value",
    "env proxy_get_log_level",
    "env proxy_get_property",
    "env proxy_get_shared_data",
    "env proxy_get_status",
    "env proxy_grpc_cancel",
    "env proxy_grpc_close",
    "env proxy_grpc_send",
    "env proxy_http_call",
    "env proxy_increment_metric",
    "env proxy_log",
    "env proxy_record_metric",
    "env proxy_register_shared_queue",
    "env proxy_remove_header_map_value",
    "env proxy_replace_header_map_value",
    "env proxy_send_local_response",
    "env proxy_set_buffer_bytes",
    "env proxy_set_effective_context",
    "env proxy_set_header_map_pairs",
    "env proxy_set_property",
    "env proxy_set_tick_period_milliseconds",
    "wasi_snapshot_preview1 environ_get",
    "wasi_snapshot_preview1 environ_sizes_get",
];

/// Builds the filter into `dist/portcullis.envoy.wasm`. Steps whose inputs have not changed are skipped.
///
/// # Errors
///
/// If a tool is missing or fails, or the module imports anything else than it is meant to.
pub(crate) fn proxy_wasm(step: &Step) -> Result<ProxyWasmArtefact> {
    rust::targets(step)?;
    let modules = node::npm(step)?;
    let _lock = lock("proxy-wasm")?;
    let compiled = module::compile(step, "portcullis-proxy-wasm", &[])?;
    let dist = root().join("dist");
    fs::create_dir_all(&dist).with_context(|| dist.display().to_string())?;
    let path = dist.join("portcullis.envoy.wasm");
    optimise(step, &compiled, &modules, &path)?;
    measure(path)
}

/// What [`proxy_wasm`] leaves before it optimises: the same code, whose functions have names.
pub(crate) fn trimmed() -> PathBuf {
    target("build").join("proxy-wasm").join("trimmed.wasm")
}

/// Writes the finished module to `path`, unless it was made of the same inputs already.
fn optimise(step: &Step, compiled: &Path, modules: &Path, path: &Path) -> Result<()> {
    let work = target("build").join("proxy-wasm");
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let npm_lock = root().join("tests").join("support").join("npm").join("package-lock.json");
    let compiled = read(compiled)?;
    let stamp =
        Stamp::new(&work, &[&compiled, &read(&npm_lock)?, RECIPE.as_bytes(), module::RECIPE.as_bytes()]);
    if stamp.matches() && path.is_file() {
        return Ok(());
    }
    let mut module = Module::from_buffer(&compiled)?;
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !EXPORTS.contains(&export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in unused {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    let trimmed = trimmed();
    module.emit_wasm_file(&trimmed)?;
    module::optimise(step, modules, &trimmed, path, &[module::LEVEL])?;
    stamp.set()
}

/// This file, so that a change of the recipe counts as a change of the inputs.
const RECIPE: &str = include_str!("proxy_wasm.rs");

/// # Errors
///
/// If imports or exports are not exactly those listed above.
fn measure(path: PathBuf) -> Result<ProxyWasmArtefact> {
    let imports = module::imports(&path)?;
    let module = Module::from_file(&path).with_context(|| path.display().to_string())?;
    let mut exports: Vec<_> = module.exports.iter().map(|export| export.name.clone()).collect();
    exports.sort();
    for (kind, found, expected) in [("imports", &imports, IMPORTS), ("exports", &exports, EXPORTS)] {
        if found != expected {
            bail!(
                "{} {kind}\n  {}\nbut should have\n  {}",
                path.display(),
                found.join("\n  "),
                expected.join("\n  ")
            );
        }
    }
    let (wasm_bytes, wasm_gzip_bytes) = module::sizes(&path)?;
    Ok(ProxyWasmArtefact { path, wasm_bytes, wasm_gzip_bytes, imports })
}
