//! A host with secrets, and documents.

use std::collections::BTreeMap;

use portcullis_config::{Diagnostic, RecordStore, Secrets, load};
use serde_json::{Value, json};

/// A random-looking secret of 64 bytes.
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A host whose secrets are these, and [`SECRET`] for any other name.
#[derive(Default)]
pub(crate) struct Host(pub(crate) BTreeMap<&'static str, &'static str>);

impl Secrets for Host {
    fn get(&self, name: &str) -> Option<String> {
        Some((*self.0.get(name).unwrap_or(&SECRET)).to_owned())
    }

    fn hint(&self, name: &str) -> String {
        format!("set {name}")
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

/// A document of `profile` that loads without a diagnostic, with `members` besides.
pub(crate) fn document(profile: &str, members: &Value) -> Value {
    let mut document = json!({
        "profile": profile,
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "KEY"}}]}],
    });
    if profile.starts_with("ragflow") {
        document["upstream"] = json!({"credential": "swap", "origin_key": {"env": "ORIGIN_KEY"}});
    }
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

/// The errors of a document, as text.
pub(crate) fn errors(document: &Value, host: &Host) -> Vec<String> {
    match load(document.to_string().as_bytes(), host) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The diagnostics of a document that loads.
pub(crate) fn diagnostics(document: &Value) -> Vec<Diagnostic> {
    let loaded = load(document.to_string().as_bytes(), &Host::default());
    loaded.unwrap_or_else(|errors| panic!("{errors}")).diagnostics
}
