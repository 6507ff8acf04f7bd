//! A clock of its own for a program that asks the C library for the time: set forth and back while the program runs.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::program;
use crate::root::target;
use crate::step::Step;

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
    /// If the library that the program is given does not build.
    pub fn new(name: &str, step: &Step) -> Result<Self> {
        let library = program::library(step, "portcullis-test-clock")?;
        let dir = target("clock");
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let file = dir.join(name);
        fs::write(&file, 0_i64.to_ne_bytes()).with_context(|| file.display().to_string())?;
        Ok(Self { library, file })
    }

    /// From now on it is so many seconds later, or earlier, than by the machine's clock.
    ///
    /// # Errors
    ///
    /// If that cannot be written down.
    pub fn set(&self, shift_secs: i64) -> Result<()> {
        // In its place: the program has the file in its memory.
        let file = fs::OpenOptions::new().write(true).open(&self.file);
        let written = file.and_then(|mut file| file.write_all(&shift_secs.to_ne_bytes()));
        written.with_context(|| self.file.display().to_string())
    }

    /// What the program has to find in its environment.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        [("LD_PRELOAD", self.library.clone().into()), ("PORTCULLIS_TEST_CLOCK", self.file.clone().into())]
    }
}
