//! What is in a bundle, told in a line.

use core::fmt;

use portcullis::parts::{BundleContents, Revocations};
use serde::Serialize;

/// What a bundle has in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleSummary {
    /// Counts the bundles of one publisher.
    pub version: u64,
    /// When it was made, as RFC 3339.
    pub issued_at: String,
    /// When it ends, as RFC 3339.
    pub expires_at: String,
    /// The records of API keys, by their identifiers.
    pub records: Vec<String>,
    /// How many tokens, sessions, subjects, issuers, API keys and credentials were taken back.
    pub revoked: usize,
    /// The issuers whose keys are in it.
    pub issuers: Vec<String>,
}

impl From<&BundleContents> for BundleSummary {
    fn from(contents: &BundleContents) -> Self {
        Self {
            version: contents.version,
            issued_at: contents.issued_at.to_rfc3339(),
            expires_at: contents.expires_at.to_rfc3339(),
            records: contents.records.iter().map(|record| record.id.clone()).collect(),
            revoked: revoked(&contents.revocations),
            issuers: contents.key_sets.keys().cloned().collect(),
        }
    }
}

impl fmt::Display for BundleSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, expires_at, records, revoked, issuers, .. } = self;
        let (records, issuers) = (records.len(), issuers.len());
        write!(
            f,
            "version {version} until {expires_at}: records {records}, revocations {revoked}, issuers {issuers}"
        )
    }
}

fn revoked(revocations: &Revocations) -> usize {
    let Revocations { tokens, sessions, subjects, issuers, api_keys, credentials, lookup: _ } = revocations;
    let ids = tokens.values().chain(sessions.values()).map(|ids| ids.len()).sum::<usize>();
    [ids, subjects.len(), issuers.len(), api_keys.len(), credentials.len()].iter().sum()
}
