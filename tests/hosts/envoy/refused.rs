//! Configurations with which Envoy must not start.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::step::Step;
use serde_json::{Value, json};

use crate::setup::{config, secrets};

/// Size of a configuration that nobody means.
const HUGE_BYTES: usize = 10 * 1000 * 1000;
/// Nothing listens there: port 9 (discard) is closed on any ordinary machine.
const NOBODY: ([u8; 4], u16) = ([127, 0, 0, 1], 9);

/// What is wrong with each.
pub(crate) const NAMES: [&str; 7] = [
    "an empty configuration",
    "text that is not JSON",
    "an unknown role to inherit",
    "an unknown role by default",
    "a missing secret",
    "a store of records",
    "10 MB",
];

/// Each with what Envoy's log must say, in the order of their names.
fn documents() -> [(String, &'static [&'static str]); NAMES.len()] {
    let with = |name: &str, value: Value| {
        let mut config = config();
        config[name] = value;
        config.to_string()
    };
    let role = json!({"roles": {"reader": {"permissions": ["graph:read"], "inherits": ["readers"]}}});
    let default_role = json!({"default_role": "nobody"});
    let missing = json!({"credential": "swap", "token": {"secret": {"env": "NOT_SET"}}});
    let lookup = json!({"lookup": true, "pepper": {"env": "PEPPER"}});
    let padding = " ".repeat(HUGE_BYTES);
    [
        (String::new(), &["no request is allowed", "the document is empty"]),
        ("not json".to_string(), &["no request is allowed", "not usable JSON"]),
        (with("policy", role), &["/policy/roles/reader/inherits/0"]),
        (with("policy", default_role), &["/policy/default_role"]),
        (with("upstream", missing), &["/upstream/token/secret", "list NOT_SET in vm_config"]),
        (with("api_keys", lookup), &["/api_keys/lookup", "this host has no store to look records up in"]),
        (config().to_string() + &padding, &["no request is allowed", "the document is longer than"]),
    ]
}

/// Starts Envoy with the configuration of that number, which must fail.
pub(crate) fn check(index: usize, wasm: &Path, step: &Step) -> Result<()> {
    let (config, said) = documents()[index].clone();
    let settings = EnvoySettings { config, secrets: secrets()?, origin: SocketAddr::from(NOBODY) };
    let outcome = Envoy::start(&[settings], wasm, "check-refused", step);
    match not_refused(NAMES[index], outcome.err(), said) {
        Some(failure) => bail!("{failure}"),
        None => Ok(()),
    }
}

/// The failure of a check that something is refused, and that the log says all of `said`.
pub(crate) fn not_refused(what: &str, error: Option<anyhow::Error>, said: &[&str]) -> Option<String> {
    let Some(error) = error else { return Some(format!("{what}: Envoy accepts it")) };
    let text = format!("{error:#}");
    let unsaid = said.iter().find(|part| !text.contains(*part))?;
    Some(format!("{what}: the log does not say {unsaid:?}: {text}"))
}
