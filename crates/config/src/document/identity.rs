//! The headers in which the origin is told who the caller is.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

#[cfg(feature = "schema")]
use crate::forms;
use portcullis::json::Pointer;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Which headers they are.
#[derive(Debug)]
pub enum IdentityHeadersDocument {
    /// Those of the gate's own names, or none.
    Standard(bool),
    /// Those that are named here.
    Named(IdentityNamesDocument),
}

/// The names of the headers; what has none is not told.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct IdentityNamesDocument {
    /// The header of the subject.
    pub subject: Option<String>,
    /// The header of the roles, joined by commas.
    pub roles: Option<String>,
    /// The header of the scopes, joined by spaces.
    pub scopes: Option<String>,
    /// The header of the tenant.
    pub tenant: Option<String>,
    /// Headers of claims, and the place where each claim stands.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, forms::Pointer>"))]
    pub claims: BTreeMap<String, Pointer>,
}

impl<'de> Deserialize<'de> for IdentityHeadersDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = IdentityHeadersDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or an object like {\"subject\": \"X-User-Id\"}")
            }

            fn visit_bool<E: Error>(self, standard: bool) -> Result<IdentityHeadersDocument, E> {
                Ok(IdentityHeadersDocument::Standard(standard))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<IdentityHeadersDocument, A::Error> {
                let names = IdentityNamesDocument::deserialize(MapAccessDeserializer::new(access))?;
                Ok(IdentityHeadersDocument::Named(names))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
