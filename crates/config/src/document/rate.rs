//! Limits as they are written.

use serde::Deserialize;

/// How often something may happen.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"count\" and \"window_secs\"")]
pub struct RateDocument {
    /// How often.
    pub count: u32,
    /// In how many seconds.
    pub window_secs: u64,
}
