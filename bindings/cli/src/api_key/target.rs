//! The document whose records are changed.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::Gate;
use portcullis::parts::ApiKeyRecord;
use portcullis_config::Position;

use super::edit::{self, Found, Record};
use crate::document::{Document, is_stdin};
use crate::input::shown;
use crate::output::{Failure, printable};
use crate::{replace, secretless};

#[derive(Debug, Args)]
pub(super) struct DocumentOptions {
    /// Configuration document: JSON, YAML, or a file of a deployment that has one inside; `-` is standard input.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["kv", "bundle"])]
    config: Option<PathBuf>,
    /// Write what has changed, the document or the bundle, to the file that it was read from; JSON only.
    #[arg(long, conflicts_with = "kv")]
    pub(super) in_place: bool,
}

/// A document that loads.
pub(super) struct Target<'o> {
    document: Document,
    gate: Gate,
    text: String,
    path: &'o Path,
    in_place: bool,
}

/// What becomes of the changed document.
pub(super) enum Changed {
    /// It is printed.
    Printed(String),
    /// It was written to its file.
    Written,
    /// Its file is no JSON, and only the records are printed: what to do with them.
    Told(String),
}

impl DocumentOptions {
    /// Whether there is a document.
    pub(super) fn is_given(&self) -> bool {
        self.config.is_some()
    }

    /// Reads the document, and checks that it loads.
    pub(super) fn open(&self) -> Result<Target<'_>, Failure> {
        // Without it, clap asks for `--kv`.
        let path = self.config.as_deref().ok_or("--config: name the document")?;
        let document = Document::read("--config", path)?;
        if self.in_place && (!document.is_file() || is_stdin(path)) {
            return Err(format!(
                "--in-place: {} is no file with a JSON document alone; without --in-place, what to put into it is printed",
                shown(path)
            ));
        }
        let gate =
            secretless::gate(&document.json).map_err(|errors| document.render_errors(errors.iter()))?;
        let text =
            String::from_utf8(document.json.clone()).map_err(|_| "the document is not UTF-8".to_owned())?;
        Ok(Target { document, gate, text, path, in_place: self.in_place })
    }
}

impl Target<'_> {
    /// The record `id`.
    pub(super) fn find(&self, id: &str) -> Result<Found<'_>, Failure> {
        edit::find(&self.text, id)?.ok_or_else(|| {
            format!(
                "ID: {} has no record with this id; `portcullis api-key list` shows those it has",
                self.document.name
            )
        })
    }

    /// What the record `id` says, as the gate reads it.
    pub(super) fn known(&self, id: &str) -> Option<&ApiKeyRecord> {
        let records = self.gate.parts().api_keys.as_ref()?.records();
        records.into_iter().find(|record| record.id == id)
    }

    /// Replaces the record `found` with `records`, or removes it if there are none.
    pub(super) fn replace(&self, found: &Found<'_>, records: &[&Record]) -> Result<Changed, Failure> {
        let text = found.replaced_by(records);
        // What was fine before may not be any more: with this key, no other could be known by the origin.
        secretless::gate(text.as_bytes())
            .map_err(|errors| format!("the changed document would not load: {errors}"))?;
        if !self.document.is_file() {
            return Ok(Changed::Told(self.told(found, records)));
        }
        if !self.in_place {
            return Ok(Changed::Printed(text));
        }
        replace::file(self.path, &text)
            .map_err(|error| format!("--in-place: cannot write {}: {error}", shown(self.path)))?;
        Ok(Changed::Written)
    }

    fn told(&self, found: &Found<'_>, records: &[&Record]) -> String {
        let pointer = format!("/api_keys/records/{}", found.index);
        let Position { line, column } = self.document.place_of_pointer(&pointer);
        let what = match records {
            [] => "take this record out",
            [_] => "put the printed record in place of this one",
            _ => "put the printed records in place of this one",
        };
        printable(&format!("{}:{line}:{column}: {pointer}: {what}", self.document.name))
    }
}
