//! Secrets as they are written: by name.

use alloc::string::String;

use serde::Deserialize;

/// The name of a secret.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object like {\"env\": \"NAME\"}, which names a secret of the host; a secret never stands in the document"
)]
pub struct SecretDocument {
    /// Its name: capitals, digits and underscores.
    pub env: String,
    /// How its bytes are written.
    #[serde(default)]
    pub encoding: SecretEncoding,
}

/// How the bytes of a secret are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// They are the UTF-8 text itself.
    #[default]
    Text,
    /// Hexadecimal digits.
    Hex,
    /// Unpadded base64url.
    Base64url,
}
