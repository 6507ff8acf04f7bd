//! The environment of a component: variables, secrets, standard output and standard error.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use portcullis::Gate;
use portcullis_component_common::Variables;
use portcullis_config::{Loaded, Secrets as _};

use crate::bindings::wasi::cli::{environment, stderr, stdout};
use crate::bindings::wasi::io::streams::OutputStream;

/// The most that one blocking write takes, in bytes (`wasi:io/streams`, `blocking-write-and-flush`).
const WRITE_BYTES: usize = 4096;

/// What this instance has loaded; none if there is no usable configuration.
static LOADED: OnceBox<Option<Loaded>> = OnceBox::new();
/// How many requests it has been given.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// The gate, compiled when it is first asked for. What is wrong with the configuration goes to standard error.
pub(crate) fn gate() -> Option<&'static Gate> {
    loaded().map(|loaded| &loaded.gate)
}

/// Counts a request of this instance. What is no error and still worth knowing of the configuration is said at the second:
/// a host that makes an instance for every request would hear it with each.
pub(crate) fn note_request() {
    if REQUESTS.fetch_add(1, Ordering::Relaxed) != 1 {
        return;
    }
    let Some(loaded) = loaded() else { return };
    complain(&format!("policy {} is loaded", loaded.gate.version()));
    for diagnostic in &loaded.diagnostics {
        complain(&diagnostic.to_string());
    }
}

fn loaded() -> Option<&'static Loaded> {
    LOADED.get_or_init(|| Box::new(load())).as_ref()
}

/// The variable `name`.
pub fn variable(name: &str) -> Option<String> {
    variables().get(name)
}

/// Says on standard error what is wrong.
pub fn complain(problem: &str) {
    line(&stderr::get_stderr(), &format!("portcullis: {problem}"));
}

/// Writes the log line of a decision.
pub(crate) fn log(text: &str) {
    line(&stdout::get_stdout(), text);
}

fn load() -> Option<Loaded> {
    let loaded = variables().load();
    loaded.map_err(|problem| complain(&format!("no request is allowed: {problem}"))).ok()
}

fn variables() -> Variables {
    Variables::new(environment::get_environment())
}

/// Whole lines in as few writes as the interface allows. Nobody is left to tell if it fails.
fn line(stream: &OutputStream, text: &str) {
    for part in format!("{text}\n").as_bytes().chunks(WRITE_BYTES) {
        if stream.blocking_write_and_flush(part).is_err() {
            return;
        }
    }
}
