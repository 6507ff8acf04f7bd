//! A document that asks for records of API keys, or for revocations, loads only on a host that has them.

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

    fn revocation_store(&self) -> RecordStore {
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

#[test]
fn revocations_that_are_looked_up_take_a_store() {
    let refusal = |lookup: bool, store: RecordStore| {
        let document = document("generic", &json!({"revoked": {"lookup": lookup}}));
        load(document.to_string().as_bytes(), &With(store)).err().map(|errors| errors.to_string())
    };
    assert_eq!(refusal(true, RecordStore::Available), None);
    for (store, why) in [
        (RecordStore::Unsupported, "this host has no store to look revocations up in"),
        (
            RecordStore::Missing("plug one in"),
            "this host has been given no store to look revocations up in; plug one in; or",
        ),
    ] {
        assert_eq!(refusal(false, store), None, "{store:?}");
        let told = refusal(true, store).unwrap();
        assert!(told.starts_with("/revoked/lookup: ") && told.contains(why), "{told}");
        assert!(
            told.ends_with("list what was taken back under \"revoked\" itself, and remove \"lookup\""),
            "{told}"
        );
    }
}

/// A host that says nothing about it has none.
#[test]
fn a_host_has_to_say_that_it_has_a_store_of_revocations() {
    struct Silent;

    impl Secrets for Silent {
        fn get(&self, name: &str) -> Option<String> {
            With(RecordStore::Available).get(name)
        }

        fn hint(&self, name: &str) -> String {
            With(RecordStore::Available).hint(name)
        }
    }

    let document = document("generic", &json!({"revoked": {"lookup": true}}));
    let told = load(document.to_string().as_bytes(), &Silent).err().map(|errors| errors.to_string());
    assert!(told.unwrap().contains("no store to look revocations up in"));
}
