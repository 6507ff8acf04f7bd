//! How a source is, for metrics, logs and tools.

use alloc::format;
use alloc::string::String;

use serde::Serialize;
use thiserror::Error;

/// Why the last fetch brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFailure {
    /// No answer: refused, timed out, cut off, or the host cannot reach it.
    #[error("there is no answer")]
    NoAnswer,
    /// Another status than 200; a redirect, too.
    #[error("the answer has another status than 200")]
    Status,
    /// Longer than [`REPLY_BYTES`](crate::limits::REPLY_BYTES).
    #[error("the answer is too long")]
    TooLong,
    /// Not announced as JSON.
    #[error("the answer is not announced as JSON")]
    NotJson,
    /// Metadata that are unreadable, name another issuer, or keys at a place that nothing is fetched from.
    #[error("the metadata are not those of the issuer, or cannot be used")]
    Metadata,
    /// A set that is unreadable, or has nothing usable in it, or something that must not be public.
    #[error("the set cannot be used")]
    KeySet,
    /// No bundle that a pinned key has signed.
    #[error("it is no bundle that a key of the configuration has signed")]
    Signature,
    /// A bundle that has expired, or was issued in the future.
    #[error("it has expired, or was issued in the future")]
    Expired,
    /// A bundle of a lower version than one before, or another one of the same.
    #[error("its version is not higher than that of another bundle before")]
    Older,
    /// A bundle that is unreadable, or does not fit the configuration.
    #[error(
        "its content is unreadable, or does not fit the configuration; `portcullis config check --fetch` says more"
    )]
    Contents,
}

/// What a source brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The keys of an issuer.
    Keys,
    /// The bundle.
    Bundle,
}

/// How a source is, for metrics and tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// What it brings.
    pub kind: SourceKind,
    /// The URL in the configuration.
    pub url: String,
    /// How many keys are known; of a bundle, how many keys and records of API keys.
    pub keys: usize,
    /// How old they are, in seconds; `None` if there are none.
    pub age_secs: Option<u64>,
    /// The version of the bundle, if there is one.
    pub version: Option<u64>,
    /// Why the last fetch brought nothing, if it did not.
    pub failure: Option<SourceFailure>,
}

impl SourceStatus {
    /// One line for a log, where the failure is another than the last time: what fails and what becomes of requests, or that it
    /// is over.
    pub fn notice(&self) -> String {
        // What stands in the query need not be for everybody's eyes.
        let url = self.url.split('?').next().unwrap_or_default();
        let is_known = self.keys > 0 || self.version.is_some();
        let (what, again, then) = match (self.kind, is_known) {
            (SourceKind::Keys, true) => ("keys", "have been", "the keys from before are used"),
            (SourceKind::Keys, false) => ("keys", "have been", "none are known"),
            (SourceKind::Bundle, true) => ("bundle", "has been", "the one from before is used"),
            (SourceKind::Bundle, false) => ("bundle", "has been", "there is none, and nobody is let in"),
        };
        match self.failure {
            None => format!("the {what} of {url} {again} fetched again"),
            Some(failure) => format!("the {what} of {url} cannot be fetched: {failure}; {then}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceFailure, SourceKind, SourceStatus};
    use alloc::format;
    use alloc::string::ToString as _;

    #[test]
    fn a_notice_says_what_becomes_of_requests_and_no_query() {
        let failure = SourceFailure::NoAnswer;
        for (kind, keys, version, then) in [
            (
                SourceKind::Keys,
                0,
                None,
                "the keys of https://idp.example/x cannot be fetched: {}; none are known",
            ),
            (
                SourceKind::Keys,
                1,
                None,
                "the keys of https://idp.example/x cannot be fetched: {}; the keys from before are used",
            ),
            (
                SourceKind::Bundle,
                0,
                None,
                "the bundle of https://idp.example/x cannot be fetched: {}; there is none, and nobody is let in",
            ),
            (
                SourceKind::Bundle,
                0,
                Some(3),
                "the bundle of https://idp.example/x cannot be fetched: {}; the one from before is used",
            ),
        ] {
            let url = "https://idp.example/x?key=secret".to_string();
            let status = SourceStatus { kind, url, keys, age_secs: None, version, failure: Some(failure) };
            assert_eq!(status.notice(), then.replace("{}", &format!("{failure}")));
            let (over, _) = then.split_once(" cannot").unwrap();
            let verb = if kind == SourceKind::Keys { "have" } else { "has" };
            let status = SourceStatus { failure: None, ..status };
            assert_eq!(status.notice(), format!("{over} {verb} been fetched again"));
        }
    }
}
