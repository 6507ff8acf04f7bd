//! The environment of a component: variables, secrets, standard output and standard error.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use portcullis::Gate;
use portcullis_config::{Loaded, RecordStore, Secrets};

use crate::bindings::wasi::cli::{environment, stderr, stdout};
use crate::bindings::wasi::io::streams::OutputStream;

/// The variable that holds the configuration.
const CONFIG: &str = "PORTCULLIS_CONFIG";
/// The most that one blocking write takes, in bytes (`wasi:io/streams`, `blocking-write-and-flush`).
const WRITE_BYTES: usize = 4096;

/// What this instance has loaded; none if there is no usable configuration.
static LOADED: OnceBox<Option<Loaded>> = OnceBox::new();
/// How many requests it has been given.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// The variables, as given.
struct Variables(Vec<(String, String)>);

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
    Variables::read().get(name)
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
    let variables = Variables::read();
    let loaded = variables
        .get(CONFIG)
        .ok_or_else(|| format!("{CONFIG}: must be a variable with the configuration, as text"))
        .and_then(|document| {
            portcullis_config::load(document.as_bytes(), &variables).map_err(|errors| errors.to_string())
        });
    loaded.map_err(|problem| complain(&format!("no request is allowed: {problem}"))).ok()
}

/// Whole lines in as few writes as the interface allows. Nobody is left to tell if it fails.
fn line(stream: &OutputStream, text: &str) {
    for part in format!("{text}\n").as_bytes().chunks(WRITE_BYTES) {
        if stream.blocking_write_and_flush(part).is_err() {
            return;
        }
    }
}

impl Variables {
    fn read() -> Self {
        Self(environment::get_environment())
    }
}

impl Secrets for Variables {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.clone())
    }

    fn hint(&self, name: &str) -> String {
        format!("set the environment variable {name}, for example with `wasmtime serve --env {name}`")
    }

    fn record_store(&self) -> RecordStore {
        RecordStore::Unsupported
    }
}
