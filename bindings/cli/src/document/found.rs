//! What is found in a file, and why nothing is.

use std::collections::BTreeMap;

use portcullis_config::{Position, RecordStore};

/// Where in the file the parts of the document stand.
pub(super) enum Places {
    /// The file is the document.
    Same,
    /// The document is a text inside of the file, and begins there.
    Within(Position),
    /// The document was written in another language; the place of each value by its JSON pointer.
    Each(BTreeMap<String, Position>),
}

/// What was found in a file that is no JSON.
pub(super) struct Found {
    pub(super) json: Vec<u8>,
    pub(super) places: Places,
    /// What the host whose file it is has for a store of records.
    pub(super) store: RecordStore,
}

impl Found {
    /// A document that says nothing of its host.
    pub(super) fn new(json: Vec<u8>, places: Places) -> Self {
        Self { json, places, store: RecordStore::Available }
    }
}

/// Why no document was found in a file.
pub(super) struct Unreadable {
    pub(super) position: Option<Position>,
    pub(super) message: String,
}

impl Unreadable {
    pub(super) fn at(position: Position, message: impl Into<String>) -> Self {
        Self { position: Some(position), message: message.into() }
    }

    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into() }
    }
}
