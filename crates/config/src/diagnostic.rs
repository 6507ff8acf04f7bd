//! What is no error in a configuration and still worth knowing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use portcullis::limits::CONFIG_FINDINGS;

use crate::lint::Lint;
use crate::locate::{Position, locate};

/// Something in a configuration that is no error and still worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that found it: it has a code, a severity, and tells why it matters and what to do.
    pub lint: Lint,
    /// The place, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What was found.
    pub message: String,
}

impl Diagnostic {
    /// The place in `document`, the text that was loaded.
    pub fn position(&self, document: &[u8]) -> Position {
        locate(document, &self.pointer)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, .. } = self;
        write!(f, "{pointer}: {message}")
    }
}

/// Diagnostics in the order they are found, of which only the first [`CONFIG_FINDINGS`] are kept: each repeats the pointer
/// to its place, and a document of hostile size must not multiply.
#[derive(Debug, Default)]
pub struct DiagnosticList {
    kept: Vec<Diagnostic>,
    /// How many there are besides.
    more: usize,
}

impl DiagnosticList {
    /// Adds one.
    pub fn push(&mut self, lint: Lint, pointer: impl Into<String>, message: impl Into<String>) {
        self.push_with(lint, || (pointer.into(), message.into()));
    }

    /// Adds one whose pointer and message are put together only if it is kept.
    pub fn push_with(&mut self, lint: Lint, make: impl FnOnce() -> (String, String)) {
        if self.kept.len() >= CONFIG_FINDINGS {
            self.more = self.more.saturating_add(1);
            return;
        }
        let (pointer, message) = make();
        self.kept.push(Diagnostic { lint, pointer, message });
    }

    /// Those that were kept, and one that counts the others if there are any.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        let Self { mut kept, more } = self;
        if more > 0 {
            let message = format!("there are {more} more diagnostics");
            kept.push(Diagnostic { lint: Lint::MoreDiagnostics, pointer: String::new(), message });
        }
        kept
    }
}
