//! Cross-origin requests, as they are written.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

#[cfg(feature = "schema")]
use crate::forms;

/// Cross-origin requests.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct CorsDocument {
    /// What becomes of preflights for routes that exist.
    pub preflight: PreflightDocument,
    /// Origins whose scripts may read refusals and, with `"preflight": "answer"`, send requests and read the responses;
    /// `*` for all.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<forms::Origin>"))]
    pub allowed_origins: Vec<String>,
    /// Whether scripts of these origins may send what the browser keeps for the gate's origin, like cookies.
    pub allow_credentials: bool,
    /// Headers that those scripts may send, with `"preflight": "answer"`; those of credentials and `Content-Type` if absent.
    pub allowed_headers: Option<Vec<String>>,
    /// Headers of responses that those scripts may read, with `"preflight": "answer"`.
    pub expose_headers: Option<Vec<String>>,
    /// How long a browser may remember the answer to a preflight, in seconds: at most 86400, 600 if absent.
    pub max_age_secs: Option<u64>,
}

/// What becomes of a CORS preflight for a route that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PreflightDocument {
    /// The origin answers it; it never carries a credential.
    #[default]
    Forward,
    /// It is refused.
    Refuse,
    /// The gate answers it, and governs: requests of other origins than those that are listed are refused, and responses
    /// are shared as this document says, whatever the origin server says.
    Answer,
}
