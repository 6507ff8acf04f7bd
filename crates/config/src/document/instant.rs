//! An instant, in one of its two spellings.

use core::fmt;

use portcullis::UnixTime;
use serde::{Deserialize, Deserializer, de};

/// An instant: RFC 3339 in UTC, or seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstantDocument(pub UnixTime);

impl<'de> Deserialize<'de> for InstantDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = InstantDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant")
            }

            fn visit_u64<E: de::Error>(self, secs: u64) -> Result<InstantDocument, E> {
                Ok(InstantDocument(UnixTime::from_secs(secs)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<InstantDocument, E> {
                let instant = UnixTime::from_rfc3339(text).map(InstantDocument);
                instant.ok_or_else(|| E::invalid_type(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
