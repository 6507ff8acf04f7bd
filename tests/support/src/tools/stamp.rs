//! Stamps: a prepared folder remembers what it was made from, so that it is made once.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::root::target;

/// The mark of the inputs a folder was made from.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// The stamp in `dir` for these inputs.
    pub fn new(dir: &Path, inputs: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for input in inputs {
            // The length goes in too: otherwise moving a byte from one input to the next would not show.
            hash.update(input.len().to_le_bytes());
            hash.update(input);
        }
        let mut digest = String::new();
        for byte in hash.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        Self { file: dir.join(".xtask-stamp"), digest }
    }

    /// Whether the folder was completed from the same inputs.
    pub fn matches(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.digest)
    }

    /// Notes that the folder is complete.
    pub fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.digest).with_context(|| self.file.display().to_string())
    }
}

/// Keeps other runs of xtask from preparing the same thing at the same time, until the returned file is dropped.
///
/// # Errors
///
/// If there is no place for the lock.
pub fn lock(name: &str) -> Result<File> {
    let dir = target("locks");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(name);
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    file.lock().with_context(|| path.display().to_string())?;
    Ok(file)
}
