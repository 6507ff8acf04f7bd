//! The authenticated party.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::handling::CredentialHandling;
use crate::json::Value;
use crate::time::UnixTime;
use crate::validity::Validity;

/// What the subject of an API key without an owner begins with, before its identifier. No token can name such a subject.
pub const KEY_SUBJECT: &str = "key:";

/// Who sent the request, how that was proved, and what the proof says about them.
///
/// Only a validated token or an API key with a record makes one: its fields can be read and not written. It is therefore
/// proof enough for [`Gate::authorize`](crate::Gate::authorize):
///
/// ```
/// use portcullis::{Gate, Permission, Principal};
///
/// fn may(gate: &Gate, principal: &Principal, permission: &Permission) -> bool {
///     gate.authorize(principal, permission).is_ok()
/// }
/// ```
///
/// Another one cannot be made of one that is there, nor written down, nor read from a document:
///
/// ```compile_fail,E0451
/// use portcullis::Principal;
///
/// fn promoted(principal: Principal) -> Principal {
///     Principal { roles: vec!["admin".to_string()], ..principal }
/// }
/// ```
///
/// ```compile_fail,E0616
/// fn promote(principal: &mut portcullis::Principal) {
///     principal.roles.push("admin".to_string());
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn read(text: &str) -> Option<portcullis::Principal> {
///     serde_json::from_str(text).ok()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Principal {
    // INVARIANT: outside of `trace`, whose principals reach no origin, only `claims`, `api_key` and `ask` make one.
    pub(crate) subject: String,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) tenant: Option<String>,
    #[serde(skip)]
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    pub(crate) carried: BTreeMap<String, Value<'static>>,
    /// What becomes of its credential, where its record says so.
    #[serde(skip)]
    pub(crate) handling: Option<CredentialHandling>,
    #[serde(flatten)]
    pub(crate) proof: Proof,
    #[serde(skip)]
    pub(crate) marks: Marks,
    #[serde(rename = "valid_until", serialize_with = "end")]
    pub(crate) validity: Validity,
}

/// By what a proof can be taken back, besides its subject and its issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// `jti`
    pub(crate) token_id: Option<String>,
    /// `sid`
    pub(crate) session_id: Option<String>,
    /// `iat`
    pub(crate) issued_at: Option<UnixTime>,
}

/// The end in seconds since the epoch.
fn end<S: Serializer>(validity: &Validity, serializer: S) -> Result<S::Ok, S::Error> {
    validity.end().map(UnixTime::as_secs).serialize(serializer)
}

impl Principal {
    /// The identifier of the party: the configured subject claim behind the prefix of its
    /// issuer, the owner of an API key, or `key:` and the identifier of one without.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The roles it carries, in the order of the proof, without repetitions.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The permissions it is narrowed to, or `None` if the proof declares none that the policy could mean.
    pub fn scopes(&self) -> Option<&[String]> {
        self.scopes.as_deref()
    }

    /// The tenant it belongs to.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The values that bindings of the policy compare with, by the JSON pointer they were found at.
    pub fn attributes(&self) -> &BTreeMap<String, Vec<String>> {
        &self.attributes
    }

    /// The claims that the origin is told of as they are, by the JSON pointer they were found at.
    pub fn carried(&self) -> &BTreeMap<String, Value<'static>> {
        &self.carried
    }

    /// How it was proved.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Whether what proved it was issued before `end`.
    pub(crate) fn may_be_from_before(&self, end: UnixTime) -> bool {
        // SECURITY: what does not say when it was issued may have been issued before.
        self.marks.issued_at.is_none_or(|issued_at| issued_at < end)
    }

    /// When the proof ends, leeway included.
    pub fn valid_until(&self) -> Option<UnixTime> {
        self.validity.end()
    }
}

/// How a principal was authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
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
    /// Somebody who was asked knows the credential.
    Asked {
        /// Who issued it, if the configuration says so.
        issuer: Option<String>,
    },
}

impl Proof {
    /// The identifier of the key behind the proof, for logs.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Token { key_id, .. } => key_id.as_deref(),
            Self::ApiKey { key_id } => Some(key_id),
            Self::Asked { .. } => None,
        }
    }
}
