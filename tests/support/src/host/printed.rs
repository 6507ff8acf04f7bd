//! What a host prints, collected while it runs.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Everything a host has printed so far.
#[derive(Debug, Default)]
pub(super) struct Printed {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Printed {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads `pipe` to its end, in a thread of its own.
    pub(super) fn collect(self: &Arc<Self>, pipe: impl Read + Send + 'static) {
        let printed = Arc::clone(self);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                printed.lock().push(String::from_utf8_lossy(&line).into_owned());
                printed.more.notify_all();
            }
        });
    }

    /// Waits until each of `parts` stands in some line, but no longer than `timeout`; returns what
    /// there is, as one text.
    pub(super) fn wait_for(&self, parts: &[&str], timeout: Duration) -> String {
        let unsaid =
            |lines: &[String]| parts.iter().any(|part| !lines.iter().any(|line| line.contains(part)));
        self.wait_while(timeout, unsaid).join("\n")
    }

    /// Waits while `unfinished` says that lines are missing, but no longer than `timeout`; returns what there is.
    pub(super) fn wait_while(
        &self,
        timeout: Duration,
        unfinished: impl Fn(&[String]) -> bool,
    ) -> MutexGuard<'_, Vec<String>> {
        let waited = self.more.wait_timeout_while(self.lock(), timeout, |lines| unfinished(lines));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
