//! What can be asked, each in a line of JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A question. Gates are known by their number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Question {
    /// Make a gate, in an instance of its own.
    Load { config: Octets, secrets: BTreeMap<String, String> },
    /// The answer while no configuration could be loaded.
    ConfigInvalid { request_id: String, now: u64 },
    /// Decide.
    Authorize { gate: usize, head: Head, now: u64 },
    /// Decide with everything that was asked for so far.
    Resume { gate: usize, head: Head, now: u64, supplies: Vec<Supply> },
    /// The answer when the origin cannot be reached.
    OriginUnreachable { gate: usize, head: Head, now: u64 },
}

/// A request head to show to the gate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The method as on the wire.
    pub(crate) method: Octets,
    /// Path and query as on the wire.
    pub(crate) target: Octets,
    /// Every header line, in order.
    pub(crate) headers: Vec<(Octets, Octets)>,
    /// By what the host knows the request.
    pub(crate) request_id: String,
}

/// What the host found out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Supply {
    /// The record of an API key, or that there is none.
    ApiKeyRecord(Option<Octets>),
    /// The body of the request.
    Body(Octets),
    /// It could not be found out.
    Unavailable,
}

/// Octets of any kind, written in base64url.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Octets(pub(crate) Vec<u8>);

impl TryFrom<String> for Octets {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        portcullis::base64url::decode(&text).map(Self).map_err(|_| "not base64url".to_string())
    }
}
