//! A key, as it is written.

use alloc::string::String;

use portcullis::jose::Algorithm;
use portcullis::json::Value;
use serde::Deserialize;

use super::secret::SecretDocument;
#[cfg(feature = "schema")]
use crate::forms;

/// A key that verifies tokens: a secret, a PEM document or a JWK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"alg\" and one of \"secret\", \"pem\" and \"jwk\"")]
pub struct KeyDocument {
    /// The `kid` by which tokens name it.
    pub kid: Option<String>,
    /// The one algorithm it is used with.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Algorithm>"))]
    pub alg: Option<Algorithm>,
    /// A shared secret, by name.
    pub secret: Option<SecretDocument>,
    /// A public key.
    pub pem: Option<String>,
    /// A public key.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Object>"))]
    pub jwk: Option<Value<'static>>,
    /// The instant from which it is no longer accepted, as RFC 3339 in UTC.
    pub accepted_until: Option<String>,
}
