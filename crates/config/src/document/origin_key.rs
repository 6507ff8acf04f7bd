//! Keys of the origin's own: one for all callers, or several, and whom each is for.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::secret::SecretDocument;

/// Which keys they are.
#[derive(Debug)]
pub enum OriginKeyDocument {
    /// One for all callers.
    One(SecretDocument),
    /// Several; the first that is for a caller counts.
    Assigned(Vec<AssignedKeyDocument>),
}

/// A key, and whom it is for: all that is named has to be the caller's. With nothing named, it is for everybody.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object like {\"role\": \"admin\", \"key\": {\"env\": \"NAME\"}}"
)]
pub struct AssignedKeyDocument {
    /// The subject, letter by letter, behind the prefix of its issuer.
    pub subject: Option<String>,
    /// The tenant, letter by letter.
    pub tenant: Option<String>,
    /// A role that the caller has itself, and not because another inherits from it.
    pub role: Option<String>,
    /// The API key that the origin issued.
    pub key: SecretDocument,
}

impl OriginKeyDocument {
    /// The secrets, and the place of each below the member.
    pub fn secrets(&self) -> Vec<(String, &SecretDocument)> {
        match self {
            Self::One(key) => Vec::from([(String::new(), key)]),
            Self::Assigned(keys) => {
                let keys = keys.iter().enumerate();
                keys.map(|(index, assigned)| (alloc::format!("/{index}/key"), &assigned.key)).collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for OriginKeyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = OriginKeyDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an object like {\"env\": \"NAME\"}, which names a secret of the host; or a list like \
                     [{\"role\": \"admin\", \"key\": {\"env\": \"NAME\"}}]; a secret never stands in the document",
                )
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<OriginKeyDocument, A::Error> {
                SecretDocument::deserialize(MapAccessDeserializer::new(access)).map(OriginKeyDocument::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<OriginKeyDocument, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(access)).map(OriginKeyDocument::Assigned)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
