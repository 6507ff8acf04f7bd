//! What the tests of several commands use.

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// The built command.
pub(crate) fn portcullis(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("portcullis").unwrap();
    command.args(arguments);
    command
}

/// Runs the command with an empty standard input.
pub(crate) fn run(arguments: &[&str]) -> Output {
    portcullis(arguments).output().unwrap()
}

/// Runs the command with `input` as standard input.
pub(crate) fn run_with(input: impl Into<Vec<u8>>, arguments: &[&str]) -> Output {
    portcullis(arguments).write_stdin(input).output().unwrap()
}

/// A folder for one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The JSON on standard output.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

/// That the command ended with `code`; shows what it said if it did not.
#[track_caller]
pub(crate) fn assert_code(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "stdout: {}\nstderr: {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
