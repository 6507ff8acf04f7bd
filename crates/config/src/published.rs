//! What systems have published that must be in no configuration: example secrets, and the form of their keys.
//!
//! Whoever reads those pages can sign with such a secret, whatever system it was published for: those of all systems are
//! looked for in every document.

use alloc::string::String;
use alloc::vec::Vec;

use portcullis::api_key::plain_hash;
use portcullis::json::{self, Budget, Value};
use portcullis::parts::KeyHash;
use serde::Deserialize;

use crate::reader::Reader;

/// What all systems have published.
const PUBLISHED: &str = include_str!(concat!(env!("OUT_DIR"), "/published.json"));

/// What one system has published. The build takes it out of the file of each system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishedBySystem {
    /// The name of the system in messages.
    pub(crate) name: String,
    /// Values printed in its documentation or its defaults. Those shorter than a hash are refused for their length
    /// already; they are listed so that the error says what is really wrong with them.
    published_secrets: Vec<String>,
    /// API keys printed in its documentation.
    #[serde(default)]
    published_keys: Vec<String>,
    /// The form of its API keys, if that tells them from other texts.
    pub(crate) key_form: Option<KeyForm>,
}

/// The form of a system's API keys.
#[derive(Debug, Deserialize)]
pub(crate) struct KeyForm {
    /// What they begin with.
    prefix: String,
    /// How many letters, digits, hyphens and underscores follow.
    chars: usize,
}

impl KeyForm {
    /// Whether `text`, of letters, digits, hyphens, underscores and dots, is such a key.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let secret = text.strip_prefix(self.prefix.as_str());
        secret.is_some_and(|secret| secret.len() == self.chars && !secret.contains('.'))
    }
}

/// What all systems have published.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) systems: Vec<PublishedBySystem>,
}

impl Published {
    pub(crate) fn read() -> Self {
        // INVARIANT: what the build has written is readable; a test reads it.
        let value = json::parse(PUBLISHED.as_bytes(), Budget::CONFIG).unwrap_or(Value::Null);
        Self { systems: Vec::deserialize(Reader(&value)).unwrap_or_default() }
    }

    /// Whether `hash` is that of an API key printed in the documentation of a system. Keys of the gate's own form are made,
    /// never printed, so that no hash under a pepper can be one.
    pub(crate) fn has_key(&self, hash: KeyHash) -> bool {
        let mut keys = self.systems.iter().flat_map(|system| &system.published_keys);
        keys.any(|key| KeyHash::parse(&plain_hash(key)) == Some(hash))
    }

    /// Whether `secret` is one of the values printed in the documentation or the defaults of a system.
    pub(crate) fn contains(&self, secret: &[u8]) -> bool {
        let Ok(text) = core::str::from_utf8(secret) else { return false };
        let text = text.trim();
        let mut secrets = self.systems.iter().flat_map(|system| &system.published_secrets);
        secrets.any(|published| text.eq_ignore_ascii_case(published))
    }
}

#[cfg(test)]
mod tests {
    use super::Published;
    use crate::names::SystemName;

    #[test]
    fn every_system_is_there() {
        let published = Published::read();
        assert_eq!(published.systems.len(), SystemName::ALL.len());
        assert!(published.systems.iter().all(|system| !system.published_secrets.is_empty()));
        assert!(published.contains(b"wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM"));
        assert!(published.contains(b" Replace-With-Long-Random-Secret\n"));
        assert!(!published.contains(b"2b1c9d5f3f0e4c7a8f6d5e4c3b2a19080706050403020100"));
        assert!(!published.contains(b"\xff\xfe"));
    }
}
