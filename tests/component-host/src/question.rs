//! What can be asked, each in a line of JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A question. Gates are known by their number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Question {
    /// Make a gate, in an instance of its own, for a host that sends these calls: `none`, `urls` or `all`.
    Load { config: Bytes, secrets: BTreeMap<String, String>, calls: String },
    /// The answer while no configuration could be loaded.
    ConfigInvalid { request_id: String, now: u64 },
    /// Decide.
    Authorize { gate: usize, head: Head, now: u64 },
    /// Go on with the decision, or the fetch, that waits under a number.
    Supply { gate: usize, pending: usize, supply: Supply, now: u64 },
    /// What is to be fetched.
    Due { gate: usize, now: u64 },
    /// What there is to tell about sources.
    Notices { gate: usize, now: u64 },
    /// Drop the gate. What waits stays.
    Drop { gate: usize },
    /// The answer when the origin cannot be reached.
    OriginUnreachable { gate: usize, head: Head, now: u64 },
}

/// A request head to show to the gate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The method as on the wire.
    pub(crate) method: Bytes,
    /// Path and query as on the wire.
    pub(crate) target: Bytes,
    /// Every header line, in order.
    pub(crate) headers: Vec<(Bytes, Bytes)>,
    /// By what the host knows the request.
    pub(crate) request_id: String,
}

impl Head {
    /// One of a request of which nothing is known but its identifier.
    pub(crate) fn of(request_id: &str) -> Self {
        let nothing = || Bytes(Vec::new());
        Self { method: nothing(), target: nothing(), headers: Vec::new(), request_id: request_id.to_string() }
    }
}

/// What the host found out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Supply {
    /// The record of an API key, or that there is none.
    ApiKeyRecord(Option<Bytes>),
    /// The body of the request.
    Body(Bytes),
    /// The reply to a call: status, header lines and body.
    Reply(u16, Vec<(Bytes, Bytes)>, Bytes),
    /// It is time to look again.
    Again,
    /// It could not be found out.
    Unavailable,
}

/// Bytes of any kind, written in base64url.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        portcullis::base64url::decode(&text).map(Self).map_err(|_| "not base64url".to_string())
    }
}
