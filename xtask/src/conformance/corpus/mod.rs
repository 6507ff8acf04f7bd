//! The corpus: every hostile token, and the good ones that must not be refused with them.
//!
//! A row says what is wrong and how to make it; keys, times and signatures are new in every run. The same rows stand in
//! `docs/conformance.md`.

mod algorithm;
mod claims;
mod controls;
mod critical;
mod duplicates;
mod encoding;
mod format;
mod keys;
mod limits;
mod parties;
mod shape;
mod signature;
mod times;
mod types;

use super::draft::Draft;

/// The name of an algorithm as in `alg` (RFC 7518 section 3.1).
pub(super) type Algorithm = &'static str;

/// One algorithm of each family.
pub(super) const ALL: &[Algorithm] = &["HS256", "RS256", "ES256", "EdDSA"];
/// Those with a public key.
const PUBLIC: &[Algorithm] = &["RS256", "ES256", "EdDSA"];
/// For what has nothing to do with the signature: one that every library has, and one for the library that has no HMAC.
const GENERAL: &[Algorithm] = &["HS256", "ES256"];

/// What a verifier must do with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Take it.
    Accept,
    /// Refuse it.
    Reject,
}

/// Rows that belong together.
#[derive(Debug)]
pub(super) struct Group {
    /// Its title.
    pub(super) title: &'static str,
    /// What the rows have in common, and why it matters. Markdown.
    pub(super) about: &'static str,
    /// What a verifier must do with all of them.
    pub(super) verdict: Verdict,
    /// Its rows.
    pub(super) rows: Vec<Row>,
}

/// A token of the corpus.
#[derive(Debug)]
pub(super) struct Row {
    /// Unique in the corpus.
    pub(super) id: &'static str,
    /// What is wrong with it, in a phrase. Markdown.
    pub(super) wrong: &'static str,
    /// The section that forbids it, or the vulnerability it stems from.
    pub(super) source: &'static str,
    /// The algorithms it is made for; a verifier is asked about each it has.
    pub(super) algorithms: &'static [Algorithm],
    /// Turns a plain valid token into this one.
    pub(super) make: fn(Draft) -> Draft,
}

impl Row {
    /// A row for the algorithms of [`GENERAL`].
    const fn new(
        id: &'static str,
        wrong: &'static str,
        source: &'static str,
        make: fn(Draft) -> Draft,
    ) -> Self {
        Self { id, wrong, source, algorithms: GENERAL, make }
    }

    /// The same row for other algorithms.
    const fn on(mut self, algorithms: &'static [Algorithm]) -> Self {
        self.algorithms = algorithms;
        self
    }
}

/// Every group, in the order of the page.
pub(super) fn groups() -> Vec<Group> {
    vec![
        controls::group(),
        algorithm::group(),
        algorithm::confusion(),
        keys::named(),
        keys::weak(),
        signature::group(),
        critical::group(),
        duplicates::group(),
        encoding::group(),
        shape::group(),
        format::group(),
        limits::group(),
        times::group(),
        parties::issuer(),
        parties::audience(),
        types::group(),
        claims::group(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, Verdict, groups};

    #[test]
    fn identifiers_are_unique_and_speak() {
        let mut seen = BTreeSet::new();
        for row in groups().iter().flat_map(|group| &group.rows) {
            assert!(seen.insert(row.id), "{} twice", row.id);
            assert!(
                row.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                row.id
            );
            assert!(!row.wrong.is_empty() && !row.source.is_empty(), "{}", row.id);
            assert!(row.algorithms.iter().all(|algorithm| ALL.contains(algorithm)), "{}", row.id);
        }
        assert!(seen.len() > 150, "{}", seen.len());
    }

    #[test]
    fn only_controls_are_good_and_come_in_every_algorithm() {
        let groups = groups();
        let good: Vec<_> = groups.iter().filter(|group| group.verdict == Verdict::Accept).collect();
        assert_eq!(good.len(), 1);
        assert!(good[0].rows.iter().all(|row| row.algorithms == ALL));
    }
}
