//! What the corpus is made of: groups of rows, each a token with what a verifier must do with it.

use crate::draft::{Algorithm, Draft};

/// One algorithm of each family.
pub(crate) const ALL: &[Algorithm] = &["HS256", "RS256", "ES256", "EdDSA"];
/// Those with a public key.
pub(crate) const PUBLIC: &[Algorithm] = &["RS256", "ES256", "EdDSA"];
/// For what has nothing to do with the signature: one that every library has, and one for the library that has no HMAC.
const GENERAL: &[Algorithm] = &["HS256", "ES256"];

/// What a verifier must do with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Take it.
    Accept,
    /// Refuse it.
    Reject,
}

/// Rows that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its title.
    pub(crate) title: &'static str,
    /// What the rows have in common, and why it matters. Markdown.
    pub(crate) about: &'static str,
    /// What a verifier must do with all of them.
    pub(crate) verdict: Verdict,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
}

/// A token of the corpus.
#[derive(Debug)]
pub(crate) struct Row {
    /// Unique in the corpus.
    pub(crate) id: &'static str,
    /// What is wrong with it, in a phrase. Markdown.
    pub(crate) wrong: &'static str,
    /// The section that forbids it, or the vulnerability it stems from.
    pub(crate) source: &'static str,
    /// The algorithms it is made for; a verifier is asked about each it has.
    pub(crate) algorithms: &'static [Algorithm],
    /// Turns a plain valid token into this one.
    pub(crate) make: fn(Draft) -> Draft,
}

impl Row {
    /// A row for the algorithms of [`GENERAL`].
    pub(crate) const fn new(
        id: &'static str,
        wrong: &'static str,
        source: &'static str,
        make: fn(Draft) -> Draft,
    ) -> Self {
        Self { id, wrong, source, algorithms: GENERAL, make }
    }

    /// The same row for other algorithms.
    pub(crate) const fn on(mut self, algorithms: &'static [Algorithm]) -> Self {
        self.algorithms = algorithms;
        self
    }
}
