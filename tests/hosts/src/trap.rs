//! A Worker and a filter that trap on demand, to see that memory in which something went wrong is never used again.
//!
//! The trap is put into a copy of the finished module: the product has no hook for it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use walrus::ir::{BinaryOp, Value};
use walrus::{ConstExpr, Module, ValType};

use portcullis_test_support::artefact::{ProxyWasmArtefact, WorkerArtefact};
use portcullis_test_support::root::target;

/// A method as long as no other that the checks use; the copy traps on it.
pub const TRAPPING_METHOD: &str = "OPTIONS";

/// Makes a copy of the Worker whose `decide` marks its instance and traps for a method of that length, and traps for
/// every request once its instance is marked. Requests after the first trap are answered only by a fresh instance.
pub fn trapping_worker(artefact: &WorkerArtefact) -> Result<PathBuf> {
    let dir = target("trap");
    fs::create_dir_all(&dir)?;
    fs::copy(artefact.dir.join("worker.mjs"), dir.join("worker.mjs"))?;

    let mut module = Module::from_file(artefact.dir.join("index_bg.wasm"))?;
    let decide = module.exports.get_func("gate_decide").context("the module exports no gate_decide")?;
    let marked = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    let decide = module.funcs.get_mut(decide).kind.unwrap_local_mut();
    // this, address and length of the method, …
    let method_len = decide.args.get(2).copied().context("gate_decide has another signature")?;
    decide
        .builder_mut()
        .func_body()
        .local_get_at(0, method_len)
        .const_at(1, Value::I32(i32::try_from(TRAPPING_METHOD.len())?))
        .binop_at(2, BinaryOp::I32Eq)
        .if_else_at(
            3,
            None,
            |then| {
                then.i32_const(1).global_set(marked);
            },
            |_| {},
        )
        .global_get_at(4, marked)
        .if_else_at(
            5,
            None,
            |then| {
                then.unreachable();
            },
            |_| {},
        );
    module.emit_wasm_file(dir.join("index_bg.wasm"))?;
    Ok(dir)
}

/// The copy of the filter traps for a request with more headers than this, pseudo-headers included.
pub const TRAPPING_HEADERS: usize = 64;
/// And for a body of which it is shown more than this many bytes.
pub const TRAPPING_BYTES: usize = 40 * 1024;

/// Makes a copy of the filter that traps for a request with many headers, or with a long body, before it has looked at
/// anything of either.
pub fn trapping_filter(artefact: &ProxyWasmArtefact) -> Result<PathBuf> {
    let dir = target("trap");
    fs::create_dir_all(&dir)?;
    let path = dir.join("portcullis.envoy.wasm");
    let mut module = Module::from_file(&artefact.path)?;
    for (name, most) in
        [("proxy_on_request_headers", TRAPPING_HEADERS), ("proxy_on_request_body", TRAPPING_BYTES)]
    {
        let entry = module.exports.get_func(name).with_context(|| format!("no export {name}"))?;
        let entry = module.funcs.get_mut(entry).kind.unwrap_local_mut();
        // context, number of headers or of bytes, whether that is all of the request
        let count = entry.args.get(1).copied().with_context(|| format!("{name} has another signature"))?;
        entry
            .builder_mut()
            .func_body()
            .local_get_at(0, count)
            .const_at(1, Value::I32(i32::try_from(most)?))
            .binop_at(2, BinaryOp::I32GtS)
            .if_else_at(
                3,
                None,
                |then| {
                    then.unreachable();
                },
                |_| {},
            );
    }
    module.emit_wasm_file(&path)?;
    Ok(path)
}
