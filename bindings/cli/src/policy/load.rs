//! Loading a policy without its secrets.

use core::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use portcullis::Gate;
use portcullis_config::{Secrets, load};

use crate::document::Document;
use crate::input::shown;
use crate::output::Failure;

/// Most bytes read from a file, far above what any limit accepts.
const FILE_READ: u64 = 32 << 20;

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

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }
}

/// Loads the configuration at `path`, the value of the argument `name`.
pub(super) fn gate(name: &str, path: &Path) -> Result<Gate, Failure> {
    let document = Document::read(name, path)?;
    let loaded = load(&document.json, &MadeUp::default());
    loaded.map(|loaded| loaded.gate).map_err(|errors| document.render_errors(&errors))
}

/// The bytes of the file at `path`, the value of the argument `name`.
pub(super) fn file(name: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let failure = |error: std::io::Error| format!("{name}: cannot read {}: {error}", shown(path));
    let file = std::fs::File::open(path).map_err(failure)?;
    let mut bytes = Vec::new();
    file.take(FILE_READ.saturating_add(1)).read_to_end(&mut bytes).map_err(failure)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_READ) {
        return Err(format!("{name}: {} is longer than {FILE_READ} bytes", shown(path)));
    }
    Ok(bytes)
}
