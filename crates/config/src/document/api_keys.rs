//! API keys and their records, as they are written.

use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::Value;
use serde::Deserialize;

use super::instant::InstantDocument;
use super::secret::SecretDocument;
#[cfg(feature = "schema")]
use crate::forms;

/// API keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ApiKeysDocument {
    /// The secret under which `hmac-sha256:` hashes were made.
    pub pepper: Option<SecretDocument>,
    /// What is known about the keys, one by one.
    #[serde(default)]
    pub records: Vec<ApiKeyRecordDocument>,
    /// Whether the host is asked for records that are not in the document.
    #[serde(default)]
    pub lookup: bool,
}

/// What is known about one API key.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"id\" and \"hash\"")]
pub struct ApiKeyRecordDocument {
    /// The public identifier.
    pub id: String,
    /// `hmac-sha256:` or `sha256:` and 64 hexadecimal digits.
    pub hash: String,
    /// The roles of its requests.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The permissions they are narrowed to.
    pub scopes: Option<Vec<String>>,
    /// The tenant they belong to.
    pub tenant: Option<String>,
    /// The subject its requests are attributed to; `key:` and the identifier if absent.
    pub owner: Option<String>,
    /// What bindings of the policy compare with: an object, like the claims of a token.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Object>"))]
    pub claims: Option<Value<'static>>,
    /// When it was made; kept for people, and nothing depends on it.
    #[serde(rename = "created_at")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Instant>"))]
    pub _created_at: Option<InstantDocument>,
    /// When it ends.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Instant>"))]
    pub expires_at: Option<InstantDocument>,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// Whether the origin gets the key itself or what takes the place of other credentials; `upstream.credential` if absent.
    pub credential: Option<RecordCredential>,
}

/// What becomes of one API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RecordCredential {
    /// The origin receives it.
    Forward,
    /// The origin receives a token minted for it instead, or a key of its own.
    Swap,
}
