//! The configurations and secrets of the case files, and what the first ten bytes of an input choose among them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use portcullis::limits::NUMERIC_DATE_MAX;
use portcullis::{Gate, UnixTime};
use portcullis_config::{RecordStore, Secrets, load};
use serde::Deserialize;
use serde_json::Value;

use crate::signature::{Key, Parts};

/// The file that the cases share.
#[derive(Deserialize)]
struct Shared {
    secrets: BTreeMap<String, String>,
    configurations: BTreeMap<String, Value>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../cases/configurations.json")).expect("the case files are JSON")
});

static CONFIGURATIONS: LazyLock<Vec<Configuration>> =
    LazyLock::new(|| SHARED.configurations.values().map(Configuration::load).collect());

/// Secrets by name, as a host would have them.
pub(crate) struct Named;

impl Secrets for Named {
    fn get(&self, name: &str) -> Option<String> {
        SHARED.secrets.get(name).cloned()
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

/// The value of the secret `name` of the case files.
pub(crate) fn secret(name: &str) -> Option<&'static str> {
    SHARED.secrets.get(name).map(String::as_str)
}

/// All values of secrets in the case files.
pub(crate) fn secrets() -> impl Iterator<Item = &'static str> {
    SHARED.secrets.values().map(String::as_str)
}

/// One configuration, compiled by the core and as a document for the oracles.
pub(crate) struct Configuration {
    pub(crate) document: &'static Value,
    pub(crate) gate: Gate,
    pub(crate) issuers: Vec<Issuer>,
}

/// One issuer of a configuration.
pub(crate) struct Issuer {
    pub(crate) document: &'static Value,
    /// Each with the instant from which it is no longer accepted.
    keys: Vec<(Key, Option<&'static str>)>,
    public_keys: bool,
}

impl Configuration {
    fn load(document: &'static Value) -> Self {
        let loaded = load(document.to_string().as_bytes(), &Named);
        let loaded = loaded.unwrap_or_else(|errors| panic!("tests/cases/configurations.json: {errors}"));
        let gate = loaded.gate;
        let issuers = list(&document["issuers"]).iter().map(Issuer::read).collect();
        Self { document, gate, issuers }
    }

    /// Whether the document names the profile `name`.
    pub(crate) fn has_profile(&self, name: &str) -> bool {
        self.document["profile"] == name
    }
}

impl Issuer {
    fn read(document: &'static Value) -> Self {
        let (mut keys, mut public_keys) = (Vec::new(), document.get("jwks").is_some());
        for key in list(&document["keys"]) {
            let Some(value) = key["secret"]["env"].as_str().and_then(secret) else {
                public_keys = true;
                continue;
            };
            // A key that the oracle misreads would make every valid token look forged.
            let (algorithm, encoding) =
                (key["alg"].as_str().unwrap_or_default(), key["secret"].get("encoding"));
            assert!(encoding.is_none_or(|name| name == "text"), "tests/cases/configurations.json: {key}");
            let key_of = Key {
                id: key["kid"].as_str().map(str::to_owned),
                algorithm: algorithm.to_owned(),
                secret: value.as_bytes().to_vec(),
            };
            keys.push((key_of, key["accepted_until"].as_str()));
        }
        Self { document, keys, public_keys }
    }

    /// Whether a key of this issuer can have signed a token: with a MAC, whether it did and is still accepted at `now`;
    /// with a signature, whether the issuer has public keys at all. Whether such signatures are checked well is for the
    /// vectors to say; that no public key verifies a MAC is seen here.
    pub(crate) fn signed(&self, token: &Parts<'_>, now: UnixTime) -> bool {
        // Instants of four-digit years, written alike, are in the order of their texts.
        let accepted = |end: &Option<&str>| {
            end.is_none_or(|end| now.as_secs() <= NUMERIC_DATE_MAX && now.to_rfc3339().as_str() < end)
        };
        if token.algorithm().starts_with("HS") {
            self.keys.iter().any(|(key, end)| accepted(end) && token.is_signed_by(key))
        } else {
            self.public_keys
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What the start of an input chooses.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) configuration: &'static Configuration,
    /// The secret that tokens in the input are signed with.
    pub(crate) secret: &'static str,
    pub(crate) now: UnixTime,
}

impl Setting {
    /// Reads ten bytes: the index of a configuration and of a secret, each in the order of their names, and the time in
    /// seconds, most significant byte first.
    pub(crate) fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let ([configuration, secret, now @ ..], rest) = input.split_first_chunk::<10>()?;
        let configuration = &CONFIGURATIONS[usize::from(*configuration) % CONFIGURATIONS.len()];
        let secrets = &SHARED.secrets;
        let secret = secrets.values().nth(usize::from(*secret) % secrets.len())?;
        Some((Self { configuration, secret, now: UnixTime::from_secs(u64::from_be_bytes(*now)) }, rest))
    }
}
