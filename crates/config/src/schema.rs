//! The JSON Schema of the configuration, for editors and for checks without the gate.
//!
//! It describes the form. What the members mean together, and whether keys and secrets are any good, only loading tells.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};

use portcullis::limits::BODY_BYTES_MAX;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::constraints;
use crate::document::{
    AssignedKeyDocument, Document, IdentityDocument, IdentityHeadersDocument, IdentityMembers,
    IdentityNamesDocument, OneOrMany, OriginKeyDocument, RateDocument, RoleReadingDocument, RouteDocument,
    SecretDocument,
};
use crate::forms;

/// The JSON Schema (draft 2020-12) of a configuration, as indented JSON with a line end.
///
/// ```
/// assert!(portcullis_config::schema().contains("https://json-schema.org/draft/2020-12/schema"));
/// ```
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Document);
    schema.insert("title".to_string(), "Configuration of Portcullis".into());
    let mut schema = schema.to_value();
    constraints::add(&mut schema);
    alloc::format!("{schema:#}\n")
}

impl JsonSchema for RouteDocument {
    fn schema_name() -> Cow<'static, str> {
        "RouteDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let access = json_schema!({
            "description": "`public`, `refused` or a permission `resource:action`.",
            "type": "string",
        });
        let values = json_schema!({
            "description": "`subject`, `tenant`, or a JSON pointer into the claims.",
            "type": "string",
            "pattern": "^(subject$|tenant$|/)",
        });
        let limit = generator.subschema_for::<RateDocument>();
        json_schema!({
            "description": "What a route asks for.",
            "anyOf": [access, {
                "type": "object",
                "properties": {
                    "access": access,
                    "where": {
                        "description": "Parameters (`path.name`, `query.name`, `header.name`, `cookie.name`, `form.name`, `form_json.name`, or `body./name` with a JSON pointer into a JSON body), and what each must be among: `subject`, `tenant`, or a JSON pointer into the claims. If absent, those of the profile's route.",
                        "type": "object",
                        "propertyNames": { "pattern": "^(path|query|header|cookie|form|form_json)\\..|^body\\./" },
                        "additionalProperties": { "anyOf": [values, {
                            "type": "object",
                            "properties": {
                                "equals": values,
                                "ask": {
                                    "description": "Where the origin has the object, with `{}` for its identifier: it is the caller's if the origin lets the caller read it.",
                                    "type": "string",
                                    "pattern": "^/(?!/)[^#\\\\{}\\s]*\\{\\}[^#\\\\{}\\s]*$",
                                },
                                "optional": {
                                    "description": "Whether the parameter may be missing; false if absent.",
                                    "type": "boolean",
                                },
                                "nullable": {
                                    "description": "Whether a JSON null is a parameter that is missing; false if absent.",
                                    "type": "boolean",
                                },
                            },
                            "oneOf": [
                                { "required": ["equals"], "properties": { "equals": true } },
                                { "required": ["ask"], "properties": { "ask": true } },
                            ],
                            "additionalProperties": false,
                        }] },
                    },
                    "hosts": {
                        "description": "The hosts it is served for, as in the `Host` header; all if absent. For any other host there is no such route.",
                        "type": "array",
                        "items": { "type": "string" },
                    },
                    "credential": {
                        "description": "What becomes of the caller's credential on this route, instead of `upstream.credential`. `origin`, on a public route: whatever came goes on as it is, and the origin sees to it.",
                        "enum": ["forward", "swap", "strip", "origin"],
                    },
                    "limit": limit,
                    "body_bytes": {
                        "description": "The longest body that is compared with what the caller is bound to, in bytes; 65536 if absent.",
                        "type": "integer",
                        "minimum": 1,
                        "maximum": BODY_BYTES_MAX,
                    },
                },
                "required": ["access"],
                "additionalProperties": false,
            }],
        })
    }
}

impl JsonSchema for IdentityDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "IdentityDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let members = generator.subschema_for::<IdentityMembers>();
        json_schema!({ "anyOf": [{ "const": "origin" }, members] })
    }
}

impl JsonSchema for IdentityHeadersDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "IdentityHeadersDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<IdentityNamesDocument>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, names] })
    }
}

impl JsonSchema for OriginKeyDocument {
    fn schema_name() -> Cow<'static, str> {
        "OriginKeyDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<SecretDocument>();
        let assigned = generator.subschema_for::<AssignedKeyDocument>();
        json_schema!({
            "description": "Keys of the origin's own: one for all callers, or a list of which the first that is for the caller counts.",
            "anyOf": [one, { "type": "array", "items": assigned }],
        })
    }
}

impl JsonSchema for RoleReadingDocument {
    fn schema_name() -> Cow<'static, str> {
        "RoleReadingDocument".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let place = generator.subschema_for::<forms::Pointer>();
        json_schema!({
            "description": "Where roles stand in the answer, and what the values there mean.",
            "anyOf": [place, {
                "type": "object",
                "properties": {
                    "at": place,
                    "map": {
                        "description": "The roles that each value stands for.",
                        "type": "object",
                        "additionalProperties": { "type": "array", "items": { "type": "string" } },
                    },
                },
                "required": ["at", "map"],
                "additionalProperties": false,
            }],
        })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        alloc::format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}
