//! Which of the cases a host plays.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use portcullis_test_support::cases::case::Case;
use portcullis_test_support::cases::suite::Suite;

/// One configuration in so many is in a sample.
const SAMPLED: u64 = 8;

/// The cases that a host plays.
#[derive(Debug, Clone)]
pub(crate) enum Plays {
    /// All of them.
    All,
    /// Those of one file.
    File(&'static str),
    /// Those with these configurations.
    Configurations(Arc<BTreeSet<String>>),
}

impl Plays {
    /// The cases of a part of the usable configurations, another one for each `seed`.
    pub(crate) fn sample(suite: &Suite, seed: &str) -> Self {
        let is_chosen = |name: &&String| {
            let mut hasher = DefaultHasher::new();
            (seed, name).hash(&mut hasher);
            hasher.finish().is_multiple_of(SAMPLED)
        };
        Self::Configurations(Arc::new(suite.configurations.keys().filter(is_chosen).cloned().collect()))
    }

    pub(crate) fn has(&self, case: &Case) -> bool {
        match self {
            Self::All => true,
            Self::File(file) => case.file == *file,
            Self::Configurations(names) => names.contains(&case.configuration),
        }
    }
}
