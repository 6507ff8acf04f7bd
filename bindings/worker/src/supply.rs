//! What the handler found out for a decision.

use portcullis::Supply;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Array, Uint8Array};

/// Answers to the needs of a decision, in their order.
#[derive(Debug)]
pub(crate) struct Supplies(Vec<Supplied>);

#[derive(Debug)]
enum Supplied {
    Record(Option<String>),
    Body(Vec<u8>),
    Unavailable,
}

impl Supplies {
    /// Reads a text or `null` as a record, octets as a body, and anything else as what could not be had.
    pub(crate) fn read(supplies: &Array) -> Self {
        Self(supplies.iter().map(|supply| Supplied::read(&supply)).collect())
    }

    /// The core's view of them.
    pub(crate) fn list(&self) -> Vec<Supply<'_>> {
        self.0.iter().map(Supplied::view).collect()
    }
}

impl Supplied {
    fn read(supply: &JsValue) -> Self {
        if let Some(octets) = supply.dyn_ref::<Uint8Array>() {
            return Self::Body(octets.to_vec());
        }
        match supply.as_string() {
            Some(text) => Self::Record(Some(text)),
            None if supply.is_null() => Self::Record(None),
            None => Self::Unavailable,
        }
    }

    fn view(&self) -> Supply<'_> {
        match self {
            Self::Record(record) => Supply::ApiKeyRecord(record.as_deref().map(str::as_bytes)),
            Self::Body(octets) => Supply::Body(octets),
            Self::Unavailable => Supply::Unavailable,
        }
    }
}
