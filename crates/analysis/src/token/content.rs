//! What a segment of a token holds.

use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// What a segment holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// JSON.
    Json(Value),
    /// Text that is not JSON.
    Text(String),
    /// So many bytes that are not text.
    Bytes(usize),
    /// Nothing that could be decoded.
    Unreadable,
    /// It is encrypted.
    Encrypted,
}

impl Content {
    /// The member `name`, if this is a JSON object that has it.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Json(Value::Object(members)) => members.get(name),
            _ => None,
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(value) => write!(f, "{value:#}"),
            Self::Text(text) => write!(f, "(not JSON) {text}"),
            Self::Bytes(0) => f.write_str("(empty)"),
            Self::Bytes(count) => write!(f, "({count} bytes that are not text)"),
            Self::Unreadable => f.write_str("(cannot be decoded)"),
            Self::Encrypted => f.write_str("(encrypted)"),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Bytes(_) | Self::Unreadable | Self::Encrypted => serializer.serialize_none(),
        }
    }
}
