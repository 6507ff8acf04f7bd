//! The environment of a component: variables, secrets, standard output and standard error.

use alloc::format;
use alloc::string::String;

use portcullis_component_common::Variables;
use portcullis_config::Secrets as _;

use crate::bindings::wasi::cli::{environment, stderr, stdout};
use crate::bindings::wasi::io::streams::OutputStream;

/// The most that one blocking write takes, in bytes (`wasi:io/streams`, `blocking-write-and-flush`).
const WRITE_BYTES: usize = 4096;

/// The variable `name`.
pub(crate) fn variable(name: &str) -> Option<String> {
    variables().get(name)
}

/// All variables.
pub(crate) fn variables() -> Variables {
    Variables::new(environment::get_environment())
}

/// Says on standard error what is wrong.
pub fn complain(problem: &str) {
    line(&stderr::get_stderr(), &format!("portcullis: {problem}"));
}

/// Writes the log line of a decision.
pub(crate) fn log(text: &str) {
    line(&stdout::get_stdout(), text);
}

/// Whole lines in as few writes as the interface allows. Nobody is left to tell if it fails.
fn line(stream: &OutputStream, text: &str) {
    for part in format!("{text}\n").as_bytes().chunks(WRITE_BYTES) {
        if stream.blocking_write_and_flush(part).is_err() {
            return;
        }
    }
}
