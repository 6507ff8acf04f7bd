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

use crate::row::Group;

/// Every group, in the order of the page.
pub(crate) fn groups() -> Vec<Group> {
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

    use super::groups;
    use crate::row::{ALL, Verdict};

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
