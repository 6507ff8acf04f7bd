//! A document that asks for records of API keys loads only on a host that has them.

use crate::host::document;
use portcullis_config::{RecordStore, Secrets, load};
use serde_json::json;

struct With(RecordStore);

impl Secrets for With {
    fn get(&self, name: &str) -> Option<String> {
        Some(format!("{name}-0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"))
    }

    fn hint(&self, name: &str) -> String {
        format!("set {name}")
    }

    fn record_store(&self) -> RecordStore {
        self.0
    }
}

/// What is wrong with a document, with or without `api_keys.lookup`, on a host with this store.
fn refusal(lookup: bool, store: RecordStore) -> Option<String> {
    let members = json!({
        "api_keys": {"pepper": {"env": "PEPPER"}, "lookup": lookup},
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN"}}},
    });
    let loaded = load(document("generic", &members).to_string().as_bytes(), &With(store));
    loaded.err().map(|errors| errors.to_string())
}

#[test]
fn lookup_takes_a_store() {
    let without = [RecordStore::Unsupported, RecordStore::Missing("plug one in")];
    for store in without {
        assert_eq!(refusal(false, store), None, "{store:?}");
    }
    assert_eq!(refusal(true, RecordStore::Available), None);
    let refusals = without.map(|store| refusal(true, store).unwrap());
    assert_eq!(
        refusals,
        [
            "/api_keys/lookup: this host has no store to look records up in; list the records under api_keys.records, and remove \"lookup\"",
            "/api_keys/lookup: this host has been given no store to look records up in; plug one in; or list the records under api_keys.records, and remove \"lookup\"",
        ]
    );
}
