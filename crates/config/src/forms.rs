//! The forms of values whose types are the core's, for the JSON Schema.

#![allow(dead_code, reason = "these types stand for others in the schema, and have no values")]

use alloc::borrow::Cow;
use alloc::vec::Vec;

use portcullis::jose;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// What becomes of a refusal.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The caller gets it.
    Enforce,
    /// It is only written down: the request goes on as it came, but for headers that claim an identity.
    Report,
}

/// What becomes of the caller's credential.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum CredentialHandling {
    /// The origin receives it as it came.
    Forward,
    /// The origin receives a short-lived token minted for it instead, or a key of its own.
    Swap,
    /// The origin receives none.
    Strip,
}

/// Whether `/a/` and `/a` are two paths to the origin. The path that is forwarded keeps its slash either way.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum TrailingSlash {
    /// They are: each has routes of its own.
    Distinct,
    /// They are one, which is decided about without the slash.
    Ignored,
}

/// The name of an algorithm.
pub(crate) struct Algorithm;

impl JsonSchema for Algorithm {
    fn schema_name() -> Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = jose::Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        json_schema!({ "description": "A signature algorithm (RFC 7518 section 3.1).", "enum": names })
    }
}

/// Claims of the caller that a minted token repeats.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum CarriedClaims {
    /// By their names.
    Named(Vec<alloc::string::String>),
    /// By the names they get, and the places they are taken from.
    Placed(alloc::collections::BTreeMap<alloc::string::String, Pointer>),
}

/// A JSON pointer.
pub(crate) struct Pointer;

impl JsonSchema for Pointer {
    fn schema_name() -> Cow<'static, str> {
        "Pointer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A JSON pointer (RFC 6901), for example `/realm_access/roles`.",
            "type": "string",
            "pattern": "^(/([^~/]|~[01])*)*$",
        })
    }
}

/// An instant, as a text or as a number.
pub(crate) struct Instant;

impl JsonSchema for Instant {
    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An instant: RFC 3339 in UTC, for example `2027-01-31T00:00:00Z`; or seconds since the epoch.",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
                },
                { "type": "integer", "minimum": 0 },
            ],
        })
    }
}

/// An origin as browsers write it, or all of them.
pub(crate) struct Origin;

impl JsonSchema for Origin {
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An origin as browsers write it, for example `https://app.example.com`; or `*` for all but `null`.",
            "type": "string",
            "pattern": "^(\\*|[a-z][a-z0-9+.-]*://[a-z0-9._~:[\\]-]+)$",
        })
    }
}

/// Where the configuration takes any JSON value, it is an object: a JWK, a JWK Set or claims.
pub(crate) struct Object;

impl JsonSchema for Object {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
