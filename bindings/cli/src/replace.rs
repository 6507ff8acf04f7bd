//! Writing to a file that is there.

use std::io::Write as _;
use std::path::Path;

/// Replaces the file at `path`: whole, or not at all.
pub(crate) fn file(path: &Path, text: &str) -> std::io::Result<()> {
    // What a link points to is replaced, and not the link.
    let path = path.canonicalize()?;
    let permissions = std::fs::metadata(&path)?.permissions();
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
