//! The fuzz targets, and where they keep things.

use std::path::PathBuf;

use clap::ValueEnum;
use portcullis_test_support::root::root;

/// The fuzz targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Target {
    /// Bearer tokens.
    Token,
    /// JWK Sets.
    JwkSet,
    /// Configuration documents.
    Configuration,
    /// Requests: method, target and headers.
    RequestHead,
}

impl Target {
    /// The name of its binary, its dictionary and its folders.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Where fuzzing keeps seeds, corpora, logs and inputs that broke something: `target/fuzz/<sub>`.
pub(super) fn folder(sub: &str) -> PathBuf {
    root().join("target").join("fuzz").join(sub)
}
