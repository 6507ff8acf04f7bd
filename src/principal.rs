//! The authenticated party.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::time::UnixTime;

/// Who sent the request, how that was proved, and what the proof says about them.
///
/// Only a validated token or an API key with a record makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The identifier of the party: the configured subject claim, or the owner of an API key.
    pub subject: String,
    /// The roles it carries, in the order of the proof, without repetitions.
    pub roles: Vec<String>,
    /// The permissions it is narrowed to, or `None` if the proof declares none.
    pub scopes: Option<Vec<String>>,
    /// The tenant it belongs to.
    pub tenant: Option<String>,
    /// The values that bindings of the policy compare with, by the JSON pointer they were found at.
    #[serde(skip)]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// How it was proved.
    pub proof: Proof,
    /// When the proof ends, leeway included.
    #[serde(skip)]
    pub valid_until: Option<UnixTime>,
}

/// How a principal was authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A signed token.
    Token {
        /// The `iss` claim, if there is one.
        issuer: Option<String>,
        /// The `kid` of the key that verified it, if the key has one.
        key_id: Option<String>,
    },
    /// An API key.
    ApiKey {
        /// The public identifier of its record.
        key_id: String,
    },
}

impl Proof {
    /// The identifier of the key behind the proof, for logs.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Token { key_id, .. } => key_id.as_deref(),
            Self::ApiKey { key_id } => Some(key_id),
        }
    }
}
