//! Lines on standard output and standard error.

use alloc::format;

use crate::bindings::wasi::cli::{stderr, stdout};
use crate::bindings::wit_stream;

/// Writes the log line of a decision.
pub(crate) async fn decision(line: &str) {
    let (mut lines, written) = wit_stream::new();
    let done = stdout::write_via_stream(written);
    // Nobody is left to tell if it fails.
    lines.write_all(format!("{line}\n").into_bytes()).await;
    drop(lines);
    let _ = done.await;
}

/// Says on standard error what is wrong.
pub(crate) async fn complain(problem: &str) {
    let (mut lines, written) = wit_stream::new();
    let done = stderr::write_via_stream(written);
    lines.write_all(format!("portcullis: {problem}\n").into_bytes()).await;
    drop(lines);
    let _ = done.await;
}
