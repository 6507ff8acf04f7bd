//! Loading a policy without its secrets.

use std::path::Path;

use portcullis::Gate;

use crate::document::Document;
use crate::input::shown;
use crate::output::Failure;
use crate::secretless;

/// Most bytes read from a file, far above what any limit accepts.
const FILE_READ: u64 = 32 << 20;

/// Loads the configuration at `path`, the value of the argument `name`.
pub(super) fn gate(name: &str, path: &Path) -> Result<Gate, Failure> {
    let document = Document::read(name, path)?;
    secretless::gate(&document.json).map_err(|errors| document.render_errors(errors.iter()))
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
