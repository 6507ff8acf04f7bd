//! The bundle: where it is, and what is in it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::Value;
use serde::Deserialize;

use super::api_keys::ApiKeyRecordDocument;
use super::key::KeyDocument;
use super::state::RevokedDocument;

/// Where the signed bundle is fetched from.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"url\" and \"keys\"")]
pub struct BundleDocument {
    /// Where it is.
    pub url: String,
    /// The public keys it may be signed with: Ed25519, or P-256.
    pub keys: Vec<KeyDocument>,
    /// For how long it is used after it has expired, while no newer one can be fetched, in seconds.
    #[serde(default)]
    pub stale_secs: u64,
    /// The lowest version that is accepted.
    #[serde(default)]
    pub min_version: u64,
}

/// What a bundle says, once its signature is checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with \"version\", \"iat\" and \"exp\"")]
pub struct BundlePayload {
    /// Counts the bundles of one publisher, from 1.
    pub version: u64,
    /// When it was made, in seconds since the epoch.
    pub iat: u64,
    /// When it ends, in seconds since the epoch.
    pub exp: u64,
    /// Records of API keys.
    #[serde(default)]
    pub records: Vec<ApiKeyRecordDocument>,
    /// What was taken back.
    #[serde(default)]
    pub revoked: RevokedDocument,
    /// JWK Sets, by the names of their issuers.
    #[serde(default)]
    pub jwks: BTreeMap<String, Value<'static>>,
}
