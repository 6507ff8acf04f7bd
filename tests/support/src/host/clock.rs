//! A clock of its own for a program that asks the C library for the time: set forth and back while the program runs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::root::{root, target};
use crate::step::Step;
use crate::tools::python;

/// The library inside the Python package.
const LIBRARY: &str = "libfaketime/vendor/libfaketime/src/libfaketime.so.1";

/// A clock that begins as the machine's. Only the time of day is set: what measures how long something takes goes on as it
/// was.
#[derive(Debug)]
pub struct SetClock {
    library: PathBuf,
    file: PathBuf,
}

impl SetClock {
    /// A clock for one program; `name` tells it apart from others.
    ///
    /// # Errors
    ///
    /// If the library cannot be installed.
    pub fn new(name: &str, step: &Step) -> Result<Self> {
        let requirements = root().join("tests/support/python/faketime.txt");
        let library = library(&python::bare_venv("faketime", &requirements, step)?)?;
        let dir = target("clock");
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let clock = Self { library, file: dir.join(name) };
        clock.set(0)?;
        Ok(clock)
    }

    /// From now on it is so many seconds later, or earlier, than by the machine's clock.
    ///
    /// # Errors
    ///
    /// If that cannot be written down.
    pub fn set(&self, shift_secs: i64) -> Result<()> {
        // The program reads the file whenever it wants to know the time: there is never half of it.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{shift_secs:+}\n")).with_context(|| new.display().to_string())?;
        fs::rename(&new, &self.file).with_context(|| self.file.display().to_string())
    }

    /// What the program has to find in its environment.
    pub fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// The library of the package whose programs are in `bin`.
fn library(bin: &Path) -> Result<PathBuf> {
    let lib = bin.parent().unwrap_or(bin).join("lib");
    for entry in fs::read_dir(&lib).with_context(|| lib.display().to_string())? {
        let library = entry?.path().join("site-packages").join(LIBRARY);
        if library.is_file() {
            return Ok(library);
        }
    }
    bail!("{} has no {LIBRARY}: the package may not be for this machine", lib.display())
}
