//! What is wrong with expected decisions as they are written down.

use thiserror::Error;

/// A member that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{pointer}{}{message}", colon(.pointer))]
pub struct ExpectationsError {
    /// The place, as a JSON pointer; empty for the document as a whole.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

impl ExpectationsError {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

fn colon(pointer: &str) -> &'static str {
    if pointer.is_empty() { "" } else { ": " }
}
