//! Loading a configuration without its secrets.

use core::cell::RefCell;
use std::collections::BTreeMap;

use portcullis::Gate;
use portcullis_config::{ConfigErrors, RecordStore, Secrets, load};

/// Random bytes in a made-up secret: as many as the longest hash has, so that it is long enough for every algorithm.
const SECRET_BYTES: usize = 64;

/// A secret for every name, made up.
///
/// Whoever asks about roles and routes need not be able to read the secrets of the deployment, and a pull request is
/// checked where there are none.
///
/// SECURITY: safe for these commands, because they never see a credential: no token is verified and none is issued under
/// such a secret, and what they answer depends on no secret. It is random all the same, and forgotten when the command
/// ends, so that a gate loaded with it accepts nothing should it ever be shown a credential. Commands that verify
/// tokens or explain requests must use the real ones.
#[derive(Default)]
struct MadeUp {
    /// One name has one value, as long as the command runs.
    known: RefCell<BTreeMap<String, String>>,
}

impl Secrets for MadeUp {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(secret) = self.known.borrow().get(name) {
            return Some(secret.clone());
        }
        let mut bytes = [0_u8; SECRET_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        // Hexadecimal digits can be read in every encoding that a configuration may name.
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.known.borrow_mut().insert(name.to_owned(), secret.clone());
        Some(secret)
    }

    fn hint(&self, _name: &str) -> String {
        "the system gave no random numbers; try again".to_owned()
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

/// Compiles the document `json`.
pub(crate) fn gate(json: &[u8]) -> Result<Gate, ConfigErrors> {
    load(json, &MadeUp::default()).map(|loaded| loaded.gate)
}
