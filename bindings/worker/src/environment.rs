//! The Worker's environment: variables and secrets.

use portcullis_config::{RecordStore, SIGNATURES, Secrets, host_verifies};
use wasm_bindgen::JsValue;
use worker::js_sys::{JSON, Object, Reflect};

/// The variable that holds the configuration.
const CONFIG: &str = "PORTCULLIS_CONFIG";

/// The KV namespace with the records of API keys, which `handler.mjs` asks.
const RECORDS: &str = "PORTCULLIS_KEYS";

/// The KV namespace with revocations, which `handler.mjs` asks as well.
const REVOKED: &str = "PORTCULLIS_REVOKED";

/// The bindings of a Worker.
#[derive(Debug)]
pub(crate) struct Environment<'a>(&'a Object);

impl<'a> Environment<'a> {
    /// Reads from the object that Cloudflare calls `env`.
    pub(crate) fn new(env: &'a Object) -> Self {
        Self(env)
    }

    /// The text of the configuration: a variable of type text, or one of type JSON written as text again.
    ///
    /// # Errors
    ///
    /// If the variable is missing or of another type; with what to do.
    pub(crate) fn configuration(&self) -> Result<String, String> {
        let value = self.binding(CONFIG);
        let text = if value.is_object() {
            JSON::stringify(&value).ok().map(String::from)
        } else {
            value.as_string()
        };
        text.ok_or_else(|| {
            format!(
                "{CONFIG}: must be a variable with the configuration, as text or as JSON; set it under [vars]"
            )
        })
    }

    /// Whether the host is asked about signatures.
    ///
    /// # Errors
    ///
    /// If the variable that tells is no text, or another one than it may be; with what to do.
    pub(crate) fn signatures_on_host(&self) -> Result<bool, String> {
        let value = self.binding(SIGNATURES);
        if value.is_undefined() {
            return host_verifies(None);
        }
        host_verifies(Some(&value.as_string().unwrap_or_default()))
    }

    /// Whether a KV namespace is bound as `name`: what a variable of that name holds is none.
    fn has_namespace(&self, name: &str) -> bool {
        let get = Reflect::get(&self.binding(name), &JsValue::from_str("get"));
        get.is_ok_and(|get| get.is_function())
    }

    fn binding(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
    }
}

impl Secrets for Environment<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.binding(name).as_string()
    }

    fn hint(&self, name: &str) -> String {
        format!("run `wrangler secret put {name}`")
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        // The Cache API; where that does nothing, nothing is found in it.
        true
    }

    fn knows_clients(&self) -> bool {
        // Cloudflare tells it in a header of its own.
        true
    }

    fn record_store(&self) -> RecordStore {
        if self.has_namespace(RECORDS) {
            RecordStore::Available
        } else {
            RecordStore::Missing("bind a KV namespace as PORTCULLIS_KEYS, under [[kv_namespaces]]")
        }
    }

    fn revocation_store(&self) -> RecordStore {
        if self.has_namespace(REVOKED) {
            RecordStore::Available
        } else {
            RecordStore::Missing("bind a KV namespace as PORTCULLIS_REVOKED, under [[kv_namespaces]]")
        }
    }
}
