//! The environment of a component: variables, secrets, standard output and standard error.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use once_cell::race::OnceBox;
use portcullis::Gate;
use portcullis_config::Secrets;

use crate::bindings::wasi::cli::{environment, stderr, stdout};
use crate::bindings::wasi::io::streams::OutputStream;

/// The variable that holds the configuration.
const CONFIG: &str = "PORTCULLIS_CONFIG";
/// The most that one blocking write takes, in bytes (`wasi:io/streams`, `blocking-write-and-flush`).
const WRITE_BYTES: usize = 4096;

/// The gate of this instance; none if there is no usable configuration.
static GATE: OnceBox<Option<Gate>> = OnceBox::new();

/// The variables, as given.
struct Variables(Vec<(String, String)>);

/// The gate, compiled when it is first asked for. What is wrong with the configuration goes to standard error.
pub(crate) fn gate() -> Option<&'static Gate> {
    GATE.get_or_init(|| Box::new(load())).as_ref()
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

fn load() -> Option<Gate> {
    let variables = Variables::read();
    let loaded = variables
        .get(CONFIG)
        .ok_or_else(|| format!("{CONFIG}: must be a variable with the configuration, as text"))
        .and_then(|document| {
            portcullis_config::load(document.as_bytes(), &variables).map_err(|errors| errors.to_string())
        });
    let loaded = loaded.map_err(|problem| complain(&format!("no request is allowed: {problem}"))).ok()?;
    for diagnostic in &loaded.diagnostics {
        complain(&diagnostic.to_string());
    }
    Some(loaded.gate)
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
}
