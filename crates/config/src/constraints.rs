//! What the JSON Schema says about values beyond their types: the grammar of texts, ranges, and members that need each other.
//!
//! The gate is stricter where a schema has no words: secrets that are not set, roles that do not exist, routes that match the
//! same requests. It is never more lenient.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::jose::Algorithm;
use portcullis::limits::{
    CARRIED_CLAIMS, CLAIM_BYTES, JWK_SET_KEYS, LEEWAY_SECS, MEMORY_ENTRIES_MAX, MINTED_TTL_SECS,
    MINTED_WEBSOCKET_TTL_SECS, NO_SECS_MAX, NUMERIC_DATE_MAX, ORIGIN_KEYS, SESSION_AGE_SECS_MAX,
    STALE_SECS_MAX, TOKEN_BYTES_MAX, YES_SECS_MAX,
};
use portcullis::parts::WEBSOCKET;
use serde_json::{Value, json};

use crate::method::METHODS;
use crate::upstream::{OF_THE_GATE, REGISTERED};

/// Adds to `schema`, the one that the types have. Returns the places that it has not.
pub(crate) fn add(schema: &mut Value) -> Vec<&'static str> {
    remove_formats(schema);
    let mut missing = Vec::new();
    for (place, members) in constraints() {
        let at = schema.pointer_mut(place).and_then(Value::as_object_mut);
        match (at, members) {
            (Some(at), Value::Object(members)) => at.extend(members),
            _ => missing.push(place),
        }
    }
    missing
}

/// The names of number types in Rust are no formats of JSON Schema, and strict validators refuse them.
fn remove_formats(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members
                .get("format")
                .is_some_and(|format| format.as_str().is_some_and(|name| name.starts_with("uint")))
            {
                members.remove("format");
            }
            members.values_mut().for_each(remove_formats);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_formats),
        _ => {}
    }
}

/// Places in the schema, and the members to add there.
fn constraints() -> Vec<(&'static str, Value)> {
    let identity_name = "^[A-Za-z0-9!#$%&'*+.^`|~-]+$";
    let identity = json!({ "pattern": identity_name, "examples": ["X-User-Id"] });
    let not_carried = [REGISTERED, OF_THE_GATE].concat();
    let permission = "[A-Za-z0-9._-]{1,128}:[A-Za-z0-9._-]{1,128}";
    let access = json!({ "pattern": format!("^(public|refused|{permission})$"), "examples": ["notes:read"] });
    let pattern = json!({ "pattern": pattern_of_permissions(), "examples": ["notes:read", "notes:*"] });
    let header = json!({ "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" });
    let mut all = Vec::from([
        ("", whole_document()),
        ("/$defs/IssuerDocument", one_source_of_keys()),
        ("/$defs/IssuerDocument/properties/leeway_secs", json!({ "maximum": LEEWAY_SECS })),
        ("/$defs/IssuerDocument/properties/algorithms", json!({ "minItems": 1, "uniqueItems": true })),
        ("/$defs/IssuerDocument/properties/issuer", json!({ "minLength": 1 })),
        (
            "/$defs/IssuerDocument/properties/jwks",
            json!({ "oneOf": [
                {
                    "required": ["keys"],
                    "properties": { "keys": {
                        "type": "array", "minItems": 1, "maxItems": JWK_SET_KEYS, "items": { "type": "object" },
                    } },
                },
                {
                    "required": ["url"],
                    "properties": {
                        "url": { "type": "string", "pattern": url() },
                        "stale_secs": { "type": "integer", "minimum": 0, "maximum": STALE_SECS_MAX },
                    },
                    "additionalProperties": false,
                },
                {
                    "required": ["bundle"],
                    "properties": { "bundle": { "const": true } },
                    "additionalProperties": false,
                },
            ] }),
        ),
        ("/$defs/BundleDocument/properties/url", json!({ "pattern": url() })),
        (
            "/$defs/BundleDocument/properties/keys",
            json!({ "minItems": 1, "items": {
                "$ref": "#/$defs/KeyDocument",
                "type": "object",
                "properties": { "secret": { "type": "null" } },
            } }),
        ),
        (
            "/$defs/SessionDocument/properties/max_age_secs",
            json!({ "minimum": 1, "maximum": SESSION_AGE_SECS_MAX }),
        ),
        ("/$defs/BundleDocument/properties/stale_secs", json!({ "maximum": STALE_SECS_MAX })),
        ("/$defs/KeyDocument", one_kind_of_key()),
        ("/$defs/KeyDocument/properties/kid", json!({ "minLength": 1, "maxLength": 256 })),
        (
            "/$defs/KeyDocument/properties/pem",
            json!({ "pattern": "-----BEGIN (RSA )?PUBLIC KEY-----", "not": { "pattern": "PRIVATE KEY" } }),
        ),
        (
            "/$defs/KeyDocument/properties/jwk",
            json!({
                "required": ["kty"],
                "properties": { "kty": { "enum": ["RSA", "EC", "OKP"] }, "d": false, "k": false },
            }),
        ),
        (
            "/$defs/SecretDocument/properties/env",
            json!({ "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 64, "examples": ["JWT_SECRET_KEY"] }),
        ),
        ("/$defs/ApiKeysDocument", pepper_where_needed()),
        (
            "/$defs/ApiKeyRecordDocument/properties/hash",
            json!({ "pattern": "^(hmac-sha256|sha256):[0-9A-Fa-f]{64}$" }),
        ),
        (
            "/$defs/ApiKeyRecordDocument/properties/expires_at",
            json!({ "not": { "type": "number", "exclusiveMinimum": NUMERIC_DATE_MAX } }),
        ),
        ("/$defs/ApiKeyRecordDocument/properties/id", json!({ "minLength": 1 })),
        ("/$defs/PolicyDocument/properties/routes", json!({ "propertyNames": { "pattern": route() } })),
        ("/$defs/PolicyDocument/properties/docs", access.clone()),
        ("/$defs/RouteDocument/anyOf/0", access.clone()),
        ("/$defs/RouteDocument/anyOf/1/properties/access", access),
        ("/$defs/RoleDocument/properties/permissions/items", pattern.clone()),
        ("/$defs/RoleDocument/properties/deny/items", pattern),
        ("/$defs/UpstreamDocument", something_to_swap_for()),
        ("/$defs/OriginKeyDocument/anyOf/1", json!({ "minItems": 1, "maxItems": ORIGIN_KEYS })),
        (
            "/$defs/AssignedKeyDocument/properties/subject",
            json!({ "minLength": 1, "maxLength": CLAIM_BYTES }),
        ),
        ("/$defs/AssignedKeyDocument/properties/tenant", json!({ "minLength": 1, "maxLength": CLAIM_BYTES })),
        (
            "/$defs/CarriedClaims/anyOf/0",
            json!({ "maxItems": CARRIED_CLAIMS, "uniqueItems": true, "items": {
                "type": "string", "minLength": 1, "pattern": "^[^/]", "not": { "enum": not_carried },
            } }),
        ),
        (
            "/$defs/CarriedClaims/anyOf/1",
            json!({ "maxProperties": CARRIED_CLAIMS, "propertyNames": { "minLength": 1, "not": { "enum": not_carried } } }),
        ),
        ("/$defs/UpstreamDocument/properties/remove_headers/items", header.clone()),
        ("/$defs/UpstreamDocument/properties/refuse_headers/items", header.clone()),
        ("/$defs/IdentityNamesDocument/properties/subject", identity.clone()),
        ("/$defs/IdentityNamesDocument/properties/roles", identity.clone()),
        ("/$defs/IdentityNamesDocument/properties/scopes", identity.clone()),
        ("/$defs/IdentityNamesDocument/properties/tenant", identity),
        ("/$defs/IdentityNamesDocument", json!({ "minProperties": 1 })),
        (
            "/$defs/IdentityNamesDocument/properties/claims",
            json!({ "maxProperties": CARRIED_CLAIMS, "propertyNames": { "pattern": identity_name } }),
        ),
        (
            "/$defs/CredentialsDocument/properties/api_key_header",
            json!({ "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$" }),
        ),
        (
            "/$defs/CorsDocument/properties/allowed_origins/items",
            json!({ "type": "string", "pattern": origin(), "examples": ["https://app.example.com"] }),
        ),
        ("/$defs/CorsDocument/properties/allowed_origins", json!({ "uniqueItems": true })),
        ("/$defs/IdentityMembers", who_is_asked()),
        (
            "/$defs/IdentityMembers/properties/ask",
            json!({ "anyOf": [{ "pattern": url() }, { "pattern": "^/($|[^/\\\\#\\s][^\\\\#\\s]*$)" }] }),
        ),
        ("/$defs/IdentityMembers/properties/about", json!({ "minItems": 1 })),
        ("/$defs/IdentityMembers/properties/refusals/items", json!({ "minimum": 400, "maximum": 499 })),
        ("/$defs/IdentityMembers/properties/yes_secs", json!({ "minimum": 1, "maximum": YES_SECS_MAX })),
        ("/$defs/IdentityMembers/properties/no_secs", json!({ "maximum": NO_SECS_MAX })),
        ("/$defs/MemoryDocument/properties/entries", json!({ "maximum": MEMORY_ENTRIES_MAX })),
        ("/$defs/RateDocument/properties/count", json!({ "minimum": 1 })),
        ("/$defs/RateDocument/properties/window_secs", json!({ "minimum": 1, "maximum": 86_400 })),
    ]);
    for (place, max) in [
        ("/$defs/MintDocument/properties/ttl_secs", MINTED_TTL_SECS),
        ("/$defs/MintDocument/properties/websocket_ttl_secs", MINTED_WEBSOCKET_TTL_SECS),
        ("/$defs/LimitsDocument/properties/token_bytes", TOKEN_BYTES_MAX.try_into().unwrap_or(u64::MAX)),
    ] {
        all.push((place, json!({ "minimum": 1, "maximum": max })));
    }
    all
}

/// Something can authenticate a caller, and several issuers are told apart.
fn whole_document() -> Value {
    json!({
        "anyOf": [
            { "required": ["issuers"], "properties": { "issuers": { "type": "array", "minItems": 1 } } },
            { "required": ["api_keys"], "properties": { "api_keys": { "type": "object" } } },
            { "required": ["identity"], "properties": { "identity": { "not": { "type": "null" } } } },
        ],
        "if": { "required": ["issuers"], "properties": { "issuers": { "type": "array", "minItems": 2 } } },
        "then": { "properties": { "issuers": { "type": "array", "items": {
            "type": "object", "required": ["issuer"], "properties": { "issuer": { "type": "string" } },
        } } } },
    })
}

/// Keys that are fetched are all there are.
fn one_source_of_keys() -> Value {
    let no_keys = json!({ "type": "array", "maxItems": 0 });
    let fetched = json!({ "required": ["jwks"], "properties": { "jwks": {
            "type": "object", "anyOf": [
                { "required": ["url"], "properties": { "url": { "type": "string" } } },
                { "required": ["bundle"], "properties": { "bundle": { "type": "boolean" } } },
            ],
        } } });
    let discovered = json!({ "required": ["discover"], "properties": { "discover": { "const": true } } });
    json!({ "allOf": [
        { "if": fetched, "then": { "properties": { "keys": no_keys } } },
        { "if": discovered, "then": { "properties": { "keys": no_keys, "jwks": { "type": "null" } } } },
    ], "anyOf": [
        { "required": ["keys"], "properties": { "keys": { "type": "array", "minItems": 1 } } },
        { "required": ["jwks"], "properties": { "jwks": { "type": "object" } } },
        {
            "required": ["discover", "issuer"],
            "properties": { "discover": { "const": true }, "issuer": { "type": "string", "pattern": url() } },
        },
    ] })
}

/// An introspection endpoint knows its places and who asks; any other answer has to be described.
fn who_is_asked() -> Value {
    json!({
        "if": { "required": ["kind"], "properties": { "kind": { "const": "introspection" } } },
        "then": { "required": ["client"], "properties": { "client": { "type": "object" } } },
        "else": { "required": ["subject"], "properties": { "subject": { "type": "string" } } },
    })
}

/// Exactly one of `secret`, `pem` and `jwk`, and an algorithm of its kind.
fn one_kind_of_key() -> Value {
    let names = |symmetric: bool| -> Vec<&str> {
        let all = Algorithm::ALL.iter().filter(|algorithm| algorithm.is_symmetric() == symmetric);
        all.map(|algorithm| algorithm.name()).collect()
    };
    let absent = json!({ "type": "null" });
    let public: Vec<Value> = names(false).into_iter().map(Value::from).chain([Value::Null]).collect();
    let of_public = |kind: &str, form: &str| {
        let other = if kind == "pem" { "jwk" } else { "pem" };
        json!({
            "required": [kind],
            "properties": { "alg": { "enum": public }, kind: { "type": form }, "secret": absent, other: absent },
        })
    };
    json!({ "oneOf": [
        {
            "required": ["alg", "secret"],
            "properties": {
                "alg": { "enum": names(true) }, "secret": { "type": "object" }, "pem": absent, "jwk": absent,
            },
        },
        of_public("pem", "string"),
        of_public("jwk", "object"),
    ] })
}

fn pepper_where_needed() -> Value {
    let pepper = json!({ "required": ["pepper"], "properties": { "pepper": { "type": "object" } } });
    let peppered = json!({
        "type": "object",
        "required": ["hash"],
        "properties": { "hash": { "type": "string", "pattern": "^hmac-sha256:" } },
    });
    json!({ "allOf": [
        {
            "if": { "required": ["records"], "properties": { "records": { "type": "array", "contains": peppered } } },
            "then": pepper,
        },
        { "if": { "required": ["lookup"], "properties": { "lookup": { "const": true } } }, "then": pepper },
    ] })
}

fn something_to_swap_for() -> Value {
    json!({
        "if": { "required": ["credential"], "properties": { "credential": { "const": "swap" } } },
        "then": { "oneOf": [
            { "required": ["token"], "properties": { "token": { "type": "object" } } },
            { "required": ["origin_key"], "properties": { "origin_key": { "not": { "type": "null" } } } },
        ] },
    })
}

fn pattern_of_permissions() -> String {
    let name = "[A-Za-z0-9._-]{1,128}";
    let names = format!("(\\*|{name}|\\{{{name}(,{name})*\\}})");
    format!("^(\\*|{names}:{names})$")
}

/// `METHOD /template`, without what other tools take for parameters.
fn route() -> String {
    let methods = METHODS.iter().copied().chain([WEBSOCKET]).collect::<Vec<_>>().join("|");
    // No dot segments, no `+`, `$`, `$id` and `:id`, nothing in parentheses; and only characters that stand for themselves.
    let not = "(?!\\.{1,2}(/|$)|[+$](/|$)|[$:][A-Za-z_]|\\()";
    let literal = format!("{not}(%24|%3A)?[^\\u0000-\\u0020\"#%*/<>?[\\\\\\]^`{{|}}\\u007f]+");
    let parameter = "\\{[A-Za-z0-9_]+\\}";
    let segment = format!("/({literal}|{parameter})");
    format!("^({methods}) (?=/)({segment})*(/|/\\{{[A-Za-z0-9_]+:path\\}})?$")
}

/// A URL that something may be fetched from.
fn url() -> String {
    "^(https://[^/?#@\\s]+|http://(localhost|127\\.[0-9.]+|\\[::1\\])(:[0-9]+)?)([/?][^#\\s]*)?$".into()
}

/// An origin as browsers write it, or `*`.
fn origin() -> String {
    let host = "([a-z0-9._-]+|\\[[0-9a-f:.]+\\])";
    let with_default_port = "(?!https://[^/]*:443$|http://[^/]*:80$)";
    format!("^(\\*|{with_default_port}[a-z][a-z0-9+.-]*://{host}(:[1-9][0-9]{{0,4}})?)$")
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::add;
    use crate::document::Document;

    #[test]
    fn every_place_is_there() {
        let mut schema = schema_for!(Document).to_value();
        assert_eq!(add(&mut schema), [""; 0]);
    }
}
