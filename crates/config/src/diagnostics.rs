//! Collects what is found while a document is compiled, so that one run reports it all.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use portcullis::limits::CONFIG_FINDINGS;

use crate::diagnostic::{Diagnostic, DiagnosticList};
use crate::errors::{ConfigError, ConfigErrors};
use crate::lint::Lint;

/// Errors and diagnostics, in the order they are found.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: Vec<ConfigError>,
    /// How many errors there are that are not in the list.
    more_errors: usize,
    found: DiagnosticList,
}

impl Diagnostics {
    /// Adds an error.
    pub(crate) fn error(&mut self, pointer: impl ToString, message: impl ToString) {
        if self.errors.len() >= CONFIG_FINDINGS {
            self.more_errors = self.more_errors.saturating_add(1);
            return;
        }
        self.errors.push(ConfigError::new(pointer.to_string(), message.to_string()));
    }

    /// Adds a diagnostic.
    pub(crate) fn report(&mut self, lint: Lint, pointer: impl Into<String>, message: impl Into<String>) {
        self.found.push(lint, pointer, message);
    }

    /// Adds a diagnostic whose pointer and message are put together only if it is kept.
    pub(crate) fn report_with(&mut self, lint: Lint, make: impl FnOnce() -> (String, String)) {
        self.found.push_with(lint, make);
    }

    /// `value`, or the error at `pointer`.
    pub(crate) fn ok_or_report<T, E: fmt::Display>(
        &mut self,
        pointer: &str,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.error(pointer, error)).ok()
    }

    /// How many errors have been found so far.
    pub(crate) fn error_count(&self) -> usize {
        self.errors.len().saturating_add(self.more_errors)
    }

    /// The errors, and one that counts those that were not kept.
    pub(crate) fn into_errors(mut self) -> ConfigErrors {
        if self.more_errors > 0 {
            let message = format!("there are {} more errors; fix these first", self.more_errors);
            self.errors.push(ConfigError::new("", message));
        }
        ConfigErrors::new(self.errors)
    }

    /// The diagnostics of a document that has no errors.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found.into_vec()
    }
}
