//! What is wrong with a configuration.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::locate::{Position, locate};

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The place, as a JSON pointer (RFC 6901); empty for the document as a whole.
    pub pointer: String,
    /// What is wrong and how to fix it.
    pub message: String,
    /// Where the text stops being JSON, if it does.
    pub(crate) position: Option<Position>,
}

impl ConfigError {
    /// That the value at `pointer` is wrong; `message` says how, and what to do.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), position: None }
    }

    /// The place in `document`, the text that was loaded: that of the value the pointer names, or of the nearest one
    /// around it; or where the text stops being JSON.
    pub fn position(&self, document: &[u8]) -> Position {
        self.position.unwrap_or_else(|| locate(document, &self.pointer))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, .. } = self;
        if pointer.is_empty() {
            write!(f, "configuration: {message}")
        } else {
            write!(f, "{pointer}: {message}")
        }
    }
}

impl core::error::Error for ConfigError {}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// `errors`, or that the document cannot be used if there are none to say why.
    pub(crate) fn new(mut errors: Vec<ConfigError>) -> Self {
        if errors.is_empty() {
            errors.push(ConfigError::new("", "the document cannot be used"));
        }
        Self { errors }
    }

    /// The errors, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self { errors: Vec::from([error]) }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl core::error::Error for ConfigErrors {}
