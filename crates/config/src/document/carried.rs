//! Claims of the caller that a token minted for the origin repeats.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use portcullis::json::Pointer;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The claims, each under the name it has in the caller's own credential, or under another.
#[derive(Debug)]
pub enum CarriedClaims {
    /// By their names.
    Named(Vec<String>),
    /// By the names they get, and the places they are taken from.
    Placed(BTreeMap<String, Pointer>),
}

impl<'de> Deserialize<'de> for CarriedClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = CarriedClaims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of claim names, or an object like {\"email\": \"/email\"}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<CarriedClaims, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(access)).map(CarriedClaims::Named)
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<CarriedClaims, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(access)).map(CarriedClaims::Placed)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
