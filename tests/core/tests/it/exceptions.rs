//! Counting how vectors came out, and the divergences that are meant: `exceptions.json` names each with its reason.
//!
//! A divergence that is not listed fails, and so does a listed case that does not diverge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The sets that exceptions may name.
const SETS: [&str; 3] = ["jws_cases", "raw_signature_cases", "wycheproof"];

/// What is said of one divergence.
struct Exception {
    /// `valid`, `invalid` or `acceptable`.
    expected: String,
    /// `valid` or `invalid`.
    ours: String,
}

/// How the vectors of one set came out.
pub(crate) struct Tally {
    set: &'static str,
    exceptions: BTreeMap<String, Exception>,
    used: BTreeSet<String>,
    counts: BTreeMap<String, Counts>,
    wrong: Vec<String>,
}

/// Counts for one algorithm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) run: usize,
    /// Those that came out as the vectors say.
    pub(crate) passed: usize,
    /// Those that diverge and are listed.
    pub(crate) excepted: usize,
}

impl Tally {
    pub(crate) fn of(set: &'static str) -> Self {
        let document: Value = serde_json::from_str(include_str!("exceptions.json")).unwrap();
        let mut exceptions = BTreeMap::new();
        for entry in document.as_array().unwrap() {
            let text = |name: &str| entry[name].as_str().unwrap_or_else(|| panic!("`{name}` in {entry}"));
            assert!(SETS.contains(&text("set")), "an unknown set in {entry}");
            assert!(text("reason").len() > 20, "no reason in {entry}");
            if text("set") != set {
                continue;
            }
            for id in entry["ids"].as_array().unwrap() {
                let (expected, ours) = (text("expected").to_owned(), text("ours").to_owned());
                let id = id.as_str().unwrap().to_owned();
                let earlier = exceptions.insert(id.clone(), Exception { expected, ours });
                assert!(earlier.is_none(), "{set}: {id} is listed twice");
            }
        }
        let (used, counts) = (BTreeSet::new(), BTreeMap::new());
        Self { set, exceptions, used, counts, wrong: Vec::new() }
    }

    /// Records one vector. `acceptable` means that a verifier may refuse it, and this one does.
    pub(crate) fn record(&mut self, algorithm: &str, id: &str, expected: &str, accepted: bool, note: &str) {
        let counts = self.counts.entry(algorithm.to_owned()).or_default();
        counts.run += 1;
        let ours = if accepted { "valid" } else { "invalid" };
        if accepted == (expected == "valid") {
            counts.passed += 1;
            return;
        }
        match self.exceptions.get(id) {
            Some(listed) if listed.expected == expected && listed.ours == ours => {
                assert!(self.used.insert(id.to_owned()), "{id} occurs twice");
                counts.excepted += 1;
            }
            _ => self.wrong.push(format!("{algorithm} {id}: {expected}, here {ours}: {note}")),
        }
    }

    /// Prints the counts and fails if anything came out differently from what is listed.
    pub(crate) fn finish(self) -> BTreeMap<String, Counts> {
        for (algorithm, Counts { run, passed, excepted }) in &self.counts {
            println!("{} {algorithm}: {run} run, {passed} passed, {excepted} excepted", self.set);
        }
        let sum = |count: fn(&Counts) -> usize| self.counts.values().map(count).sum::<usize>();
        let (run, passed, excepted) = (sum(|c| c.run), sum(|c| c.passed), sum(|c| c.excepted));
        println!("{}, all: {run} run, {passed} passed, {excepted} excepted", self.set);
        assert!(self.wrong.is_empty(), "{} diverge:\n{}", self.wrong.len(), self.wrong.join("\n"));
        let stale: Vec<_> = self.exceptions.keys().filter(|id| !self.used.contains(*id)).collect();
        assert!(stale.is_empty(), "listed as exceptions, and do not diverge: {stale:?}");
        self.counts
    }
}
