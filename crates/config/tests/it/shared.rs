//! A document that has answers shared loads only where instances share a cache, and with a secret that is one.

use std::collections::BTreeMap;

use portcullis_config::{Secrets, load};
use serde_json::json;

use crate::host::{Host, document, errors};

/// A host that asks, and whose instances share nothing.
struct Alone;

impl Secrets for Alone {
    fn get(&self, name: &str) -> Option<String> {
        Host::default().get(name)
    }

    fn hint(&self, name: &str) -> String {
        format!("set {name}")
    }

    fn sends_calls(&self) -> bool {
        true
    }
}

#[test]
fn answers_are_shared_where_there_is_a_cache() {
    let shared = json!({"memory": {"shared": {"secret": {"env": "CACHE_SECRET"}}}});
    let shared = document("generic", &shared);
    assert_eq!(errors(&shared, &Host::default()), Vec::<String>::new());
    let refused = load(shared.to_string().as_bytes(), &Alone).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/memory/shared: this host has no cache that its instances share; leave this out, and each of them remembers for itself"
    );
    let plain = document("generic", &json!({"memory": {"entries": 0}}));
    assert!(load(plain.to_string().as_bytes(), &Alone).is_ok());
}

#[test]
fn the_secret_is_one() {
    let shared = document("generic", &json!({"memory": {"shared": {"secret": {"env": "CACHE_SECRET"}}}}));
    for (secret, fault) in [("0f1e2d3c4b5a69788796a5b4c3d2e1f", "shorter than 32 bytes"), ("", "is not set")]
    {
        let errors = errors(&shared, &Host(BTreeMap::from([("CACHE_SECRET", secret)])));
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert!(error.starts_with("/memory/shared/secret/env: secret \"CACHE_SECRET\" "), "{error}");
        assert!(error.contains(fault), "{error}");
    }
}
