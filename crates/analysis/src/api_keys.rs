//! What is known about API keys, and which of them may be used.

use portcullis::parts::{ApiKeyRecord, KeyHash};
use portcullis::{ApiKeyError, Gate, UnixTime};
use serde::Serialize;

/// What is known about an API key, without its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownKey {
    /// The identifier of the record.
    pub id: String,
    /// Whether it may be used.
    pub state: KeyState,
    /// Who made the key.
    pub kind: KeyKind,
    /// When it ends, as RFC 3339.
    pub expires_at: Option<String>,
    /// The subject its requests are attributed to.
    pub subject: String,
    /// The roles of its requests.
    pub roles: Vec<String>,
    /// The permissions they are narrowed to.
    pub scopes: Option<Vec<String>>,
    /// The tenant they belong to.
    pub tenant: Option<String>,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It may.
    Active,
    /// It is switched off.
    Disabled,
    /// It has ended.
    Expired,
}

/// Who made a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// It has the form of the gate's own keys.
    Own,
    /// Another system.
    OfAnotherSystem,
}

impl KeyState {
    /// The state in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
        }
    }
}

impl KnownKey {
    /// What `record` says of its key at `now`.
    pub fn of(record: &ApiKeyRecord, now: UnixTime) -> Self {
        let state = match record.check(now) {
            Ok(()) => KeyState::Active,
            Err(ApiKeyError::Expired { .. }) => KeyState::Expired,
            Err(_) => KeyState::Disabled,
        };
        Self {
            id: record.id.clone(),
            state,
            kind: match record.hash {
                KeyHash::Peppered(_) => KeyKind::Own,
                KeyHash::Plain(_) => KeyKind::OfAnotherSystem,
            },
            expires_at: record.expires_at.map(UnixTime::to_rfc3339),
            subject: record.subject(),
            roles: record.roles.clone(),
            scopes: record.scopes.clone(),
            tenant: record.tenant.clone(),
        }
    }

    /// The keys that `gate` has records of at `now`, by identifier.
    pub fn all(gate: &Gate, now: UnixTime) -> Vec<Self> {
        let records = gate.parts().api_keys.iter().flat_map(|api_keys| api_keys.records());
        let mut keys: Vec<Self> = records.map(|record| Self::of(record, now)).collect();
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        keys
    }
}
