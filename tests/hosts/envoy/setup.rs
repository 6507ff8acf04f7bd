//! What most of these tests start Envoy with.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use portcullis_test_support::host::envoy::EnvoySettings;
use portcullis_test_support::origin::tokens;
use serde_json::{Value, json};

/// A path that needs a credential.
pub(crate) const PATH: &str = "/v1/threads";
/// What V8 and Envoy say when a module traps.
pub(crate) const TRAPS: &[&str] = &["RuntimeError", "in-VM backtrace", "Wasm VM failed"];

pub(crate) fn settings(
    config: &Value,
    secrets: &BTreeMap<String, String>,
    origin: SocketAddr,
) -> EnvoySettings {
    EnvoySettings { config: config.to_string(), secrets: secrets.clone(), origin }
}

/// As in the demo, without API keys.
pub(crate) fn config() -> Value {
    json!({
        "profile": "agentflow",
        "issuers": [{
            "issuer": tokens::ISSUER,
            "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}],
            "claims": {"subject": "/sub"},
        }],
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
    })
}

/// Fresh secrets of that configuration's names.
pub(crate) fn secrets() -> Result<BTreeMap<String, String>> {
    let names = ["ISSUER_SECRET", "ORIGIN_SECRET"];
    names.into_iter().map(|name| Ok((name.to_string(), tokens::secret()?))).collect()
}
