//! What a part of the test found out.

use std::fmt::Debug;

use portcullis_test_support::summary::Summary;

/// What one part of the test found out.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) summary: Summary,
    /// What must have reached the origin, as its log writes it: `GET /v1/threads?case=1`.
    pub(crate) allowed: Vec<String>,
}

impl Report {
    /// Counts a check: `got` has to be `expected`.
    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, got: T, expected: T) {
        let failure = (got != expected).then(|| format!("{what}: got {got:?}, expected {expected:?}"));
        self.summary.count(failure);
    }

    /// Counts a check: `holds` has to; `got` is shown if it does not.
    pub(crate) fn holds(&mut self, what: &str, holds: bool, got: impl Debug) {
        self.summary.count((!holds).then(|| format!("{what}: got {got:?}")));
    }

    /// Notes a request that must have reached the origin.
    pub(crate) fn allowed(&mut self, method: &str, target: &str) {
        self.allowed.push(format!("{method} {target}"));
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.summary.add(other.summary);
        self.allowed.extend(other.allowed);
    }
}
