//! What a run has come to, as it stands on the page.

use serde_json::Value;

/// A section of the page, and the same for programs.
pub(super) struct Outcome {
    /// One of [`TITLES`](super::page::TITLES).
    pub(super) title: &'static str,
    /// What was done, and how to do it again, a paragraph a line.
    pub(super) about: String,
    /// Tables and plots, in Markdown.
    pub(super) body: String,
    /// What stands below them, a paragraph a line.
    pub(super) notes: String,
    pub(super) json: Value,
}
