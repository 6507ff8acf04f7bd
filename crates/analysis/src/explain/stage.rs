//! One step of a decision, in words.

use serde::Serialize;

/// One step of the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What was looked at: `path`, `route`, `signature` and so on.
    pub step: &'static str,
    /// Whether the request passed.
    pub passed: bool,
    /// What was found.
    pub detail: String,
}

impl Stage {
    pub(crate) fn passed(step: &'static str, detail: impl Into<String>) -> Self {
        Self { step, passed: true, detail: detail.into() }
    }

    pub(crate) fn failed(step: &'static str, detail: impl Into<String>) -> Self {
        Self { step, passed: false, detail: detail.into() }
    }
}
