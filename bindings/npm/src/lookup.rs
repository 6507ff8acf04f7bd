//! What the loader asks of JavaScript.

use core::cell::Cell;

use portcullis_config::{RecordStore, Secrets};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// The secrets that `index.js` was given.
    pub type SecretSource;

    /// The secret `name`, if it is a text; never throws.
    #[wasm_bindgen(method)]
    fn get(this: &SecretSource, name: &str) -> Option<String>;

    /// Whether there is a `fetch` to send calls with.
    #[wasm_bindgen(method)]
    fn fetches(this: &SecretSource) -> bool;

    /// Whether the address of the origin is known.
    #[wasm_bindgen(method)]
    fn reaches_origin(this: &SecretSource) -> bool;
}

/// Secrets from JavaScript, and what else it can do.
pub(crate) struct Lookup<'a> {
    pub(crate) source: &'a SecretSource,
    /// Set if the configuration tells clients apart.
    pub(crate) limits_clients: &'a Cell<bool>,
}

impl Secrets for Lookup<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.source.get(name)
    }

    fn hint(&self, name: &str) -> String {
        format!("put {name} into the secrets given to Gate.load")
    }

    fn revocation_store(&self) -> RecordStore {
        // Whoever asks for a decision may have one.
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        self.source.fetches()
    }

    fn reaches_origin(&self) -> bool {
        self.source.reaches_origin()
    }

    fn knows_clients(&self) -> bool {
        // Each decision is then given the address, or is none.
        self.limits_clients.set(true);
        true
    }
}
