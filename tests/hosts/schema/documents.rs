//! Documents that load, and documents with one mistake each that a schema has words for.

use std::fs;

use anyhow::{Context, Result};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::root::root;
use serde_json::{Value, json};

/// A configuration.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// The configurations of the shared cases, the examples, and those that the documentation prints whole.
pub(crate) fn good() -> Result<Vec<Document>> {
    let suite = Suite::of_workspace()?;
    let mut all: Vec<Document> = suite
        .configurations
        .iter()
        .map(|(name, value)| Document { name: format!("configuration {name}"), value: value.clone() })
        .collect();
    for folder in fs::read_dir(root().join("examples"))? {
        let path = folder?.path().join("portcullis.json");
        let Ok(text) = fs::read(&path) else { continue };
        let value = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        all.push(Document { name: path.display().to_string(), value });
    }
    let keys = json!([{ "alg": "HS256", "secret": { "env": "KEY" } }]);
    let bundle_key =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    for (name, members) in [
        ("a set at a URL", json!({ "issuers": [{ "jwks": { "url": "https://idp.example/keys?v=1" } }] })),
        (
            "a set at a URL that is never used stale",
            json!({ "issuers": [{ "jwks": { "url": "http://127.0.0.1:8080/keys", "stale_secs": 0 } }] }),
        ),
        (
            "discovery",
            json!({ "issuers": [{ "issuer": "https://idp.example/", "audience": "a", "discover": true }] }),
        ),
        (
            "a bundle",
            json!({ "bundle": { "url": "https://cdn.example/gate.jws", "keys": [{ "jwk": bundle_key }], "min_version": 3,
                "stale_secs": 60 }, "issuers": [{ "issuer": "https://idp.example", "jwks": { "bundle": true } }] }),
        ),
        ("no discovery", json!({ "issuers": [{ "discover": false, "keys": keys }] })),
        ("the origin", json!({ "profile": "r2r", "identity": "origin" })),
        ("a path of the origin", json!({ "identity": { "ask": "/api/me?full=1", "subject": "/id" } })),
        (
            "introspection",
            json!({ "identity": { "kind": "introspection", "ask": "https://idp.example/introspect",
                "client": { "id": "gate", "secret": { "env": "SECRET" } } } }),
        ),
        (
            "a verify call",
            json!({ "identity": { "kind": "verify", "ask": "https://idp.example/verify", "credential": { "json": "token" },
                "active": { "/valid": true }, "subject": "/user/id", "subject_prefix": "idp:",
                "roles": ["/user/roles", { "at": "/user/admin", "map": { "true": ["admin"] } }],
                "permitted_roles": ["admin"], "tenant": "/org", "expires_at": "/exp", "issuer": "idp",
                "claims": { "id": "/user/id" }, "about": ["opaque", "tokens"], "refusals": [401, 404],
                "yes_secs": 60, "no_secs": 0 }, "issuers": [{ "keys": keys }] }),
        ),
        (
            "what is learned",
            json!({ "issuers": [{ "keys": keys }], "memory": { "entries": 0 },
                "limits": { "failures": { "count": 20, "window_secs": 60 } },
                "policy": { "routes": { "POST /login": { "access": "public", "limit": { "count": 5, "window_secs": 60 } } } },
                "revoked": { "tokens": [{ "issuer": "https://idp.example", "jti": "1" }], "sessions": [{ "sid": "2" }],
                    "subjects": [{ "subject": "alice", "before": "2026-12-31T23:59:59Z" }],
                    "issuers": [{ "issuer": "https://idp.example", "before": "2026-12-31T23:59:59Z" }],
                    "api_keys": ["ci"], "credentials": [format!("sha256:{}", "a".repeat(64))] } }),
        ),
    ] {
        let mut value = json!({ "profile": "generic" });
        if let (Some(value), Some(members)) = (value.as_object_mut(), members.as_object()) {
            value.extend(members.clone());
        }
        all.push(Document { name: name.to_string(), value });
    }
    for page in ["README.md", "docs/configuration.md"] {
        let text = fs::read_to_string(root().join(page)).with_context(|| page.to_string())?;
        let blocks = text.split("```json\n").skip(1).filter_map(|after| after.split("\n```").next());
        // Parts of documents are not documents, and an ellipsis is no hash.
        for block in blocks.filter(|block| block.contains("\"profile\"") && !block.contains('…')) {
            let value = serde_json::from_str(block).with_context(|| format!("{page}: {block}"))?;
            all.push(Document { name: format!("{page}: {block}"), value });
        }
    }
    Ok(all)
}

/// Documents with one mistake each.
pub(crate) fn bad() -> Result<Vec<Document>> {
    let good = json!({
        "$schema": "./portcullis.schema.json",
        "profile": "generic",
        "issuers": [{ "issuer": "https://idp.example", "audience": "notes",
            "keys": [{ "alg": "HS256", "secret": { "env": "KEY" } }] }],
        "policy": {
            "roles": { "reader": { "permissions": ["notes:read", "notes:{list,search}", "*:read"] } },
            "routes": { "GET /notes": "notes:read", "GET /%24count": "public",
                "GET /n/{id}": { "access": "notes:read", "where": { "path.id": "subject" } } }
        },
        "api_keys": { "pepper": { "env": "PEPPER" },
            "records": [{ "id": "ci", "hash": format!("hmac-sha256:{}", "a".repeat(64)), "roles": ["reader"] }] },
        "upstream": { "credential": "swap", "token": { "secret": { "env": "ORIGIN" } } },
        "cors": { "allowed_origins": ["https://app.example", "http://localhost:3000"] }
    });
    let mut all = Vec::new();
    let mut change = |pointer: &str, value: Value| -> Result<()> {
        let mut document = good.clone();
        let (parent, member) = pointer.rsplit_once('/').context("a pointer")?;
        let parent = document.pointer_mut(parent).with_context(|| pointer.to_string())?;
        let name = format!("{pointer} = {value}");
        let place = match (parent, member.parse::<usize>()) {
            (Value::Array(elements), Ok(index)) => elements.get_mut(index),
            (Value::Object(members), _) => {
                members.remove(member);
                if value.is_null() { None } else { Some(members.entry(member).or_insert(Value::Null)) }
            }
            _ => None,
        };
        if let Some(place) = place {
            *place = value;
        }
        all.push(Document { name, value: document });
        Ok(())
    };
    let public = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let private = "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";
    for (pointer, value) in [
        ("/profile", json!(null)),
        ("/profile", json!("fastapi")),
        ("/polcy", json!({})),
        ("/mode", json!("dry-run")),
        ("/issuers/0/jwks_uri", json!("https://idp.example/jwks")),
        ("/issuers/0/jwks", json!("https://idp.example/jwks")),
        ("/issuers/0/jwks", json!({ "url": "https://idp.example/jwks" })),
        ("/issuers/0/discover", json!(true)),
        ("/issuers", json!([{ "issuer": "http://idp.example", "audience": "a", "discover": true }])),
        ("/issuers", json!([{ "issuer": "notes", "audience": "a", "discover": true }])),
        ("/issuers", json!([{ "audience": "a", "discover": true }])),
        (
            "/issuers",
            json!([{ "issuer": "https://idp.example", "discover": true, "jwks": { "url": "https://idp.example/k" } }]),
        ),
        ("/issuers", json!([{ "jwks": { "url": "http://idp.example/keys" } }])),
        ("/issuers", json!([{ "jwks": { "url": "https://name:word@idp.example/keys" } }])),
        ("/issuers", json!([{ "jwks": { "url": "https://idp.example/keys#first" } }])),
        ("/issuers", json!([{ "jwks": { "uri": "https://idp.example/keys" } }])),
        ("/issuers", json!([{ "jwks": { "url": "https://idp.example/keys", "stale_secs": 700_000 } }])),
        ("/issuers", json!([{ "jwks": { "url": "https://idp.example/keys", "stale_secs": "1d" } }])),
        ("/issuers", json!([{ "jwks": { "url": "https://idp.example/keys", "keys": [] } }])),
        ("/issuers", json!([{ "issuer": "https://idp.example", "jwks": { "bundle": "yes" } }])),
        ("/bundle", json!({ "url": "https://cdn.example/gate.jws" })),
        ("/bundle", json!({ "url": "https://cdn.example/gate.jws", "keys": [] })),
        ("/bundle", json!({ "url": "http://cdn.example/gate.jws", "keys": [{ "pem": public }] })),
        (
            "/bundle",
            json!({ "url": "https://cdn.example/gate.jws", "keys": [{ "alg": "HS256", "secret": { "env": "KEY" } }] }),
        ),
        (
            "/bundle",
            json!({ "url": "https://cdn.example/gate.jws", "keys": [{ "pem": public }], "stale_secs": 700_000 }),
        ),
        (
            "/bundle",
            json!({ "url": "https://cdn.example/gate.jws", "keys": [{ "pem": public }], "policy": {} }),
        ),
        ("/identity", json!("r2r")),
        ("/identity", json!({ "subject": "/id" })),
        ("/identity", json!({ "ask": "/me" })),
        ("/identity", json!({ "ask": "me", "subject": "/id" })),
        ("/identity", json!({ "ask": "//idp.example/me", "subject": "/id" })),
        ("/identity", json!({ "ask": "http://idp.example/me", "subject": "/id" })),
        ("/identity", json!({ "ask": "/me", "subject": "id" })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "about": [] })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "about": ["everybody"] })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "kind": "userinfo" })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "method": "PUT" })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "refusals": [500] })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "yes_secs": 0 })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "yes_secs": 61 })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "no_secs": 11 })),
        ("/identity", json!({ "ask": "/me", "subject": "/id", "roles": [{ "map": {} }] })),
        ("/identity", json!({ "kind": "introspection", "ask": "https://idp.example/introspect" })),
        (
            "/identity",
            json!({ "kind": "introspection", "ask": "https://idp.example/introspect",
                "client": { "id": "gate", "secret": "correct-horse" } }),
        ),
        ("/revoked", json!([])),
        ("/revoked", json!({ "tokens": ["abc"] })),
        ("/revoked", json!({ "subjects": [{ "subject": "alice" }] })),
        ("/memory", json!({ "entries": 100_000 })),
        ("/memory", json!({ "size": 10 })),
        ("/limits", json!({ "failures": 20 })),
        ("/limits", json!({ "failures": { "count": 0, "window_secs": 60 } })),
        ("/limits", json!({ "failures": { "count": 20, "window_secs": 90_000 } })),
        ("/policy/routes/GET ~1notes", json!({ "access": "public", "limit": { "count": 20 } })),
        ("/issuers/0/introspection", json!({ "url": "https://idp.example" })),
        ("/issuers/0/keys", json!([])),
        ("/issuers/0/leeway_secs", json!(300)),
        ("/issuers/0/max_age_secs", json!("1h")),
        (
            "/issuers",
            json!([{ "keys": [{ "alg": "HS256", "secret": { "env": "A" } }] },
            { "keys": [{ "alg": "HS256", "secret": { "env": "B" } }] }]),
        ),
        ("/issuers/0/keys/0/secret", json!("correct-horse-battery-staple")),
        ("/issuers/0/keys/0/secret/env", json!("correct horse")),
        ("/issuers/0/keys/0/alg", json!("hs256")),
        ("/issuers/0/keys/0/alg", json!("none")),
        ("/issuers/0/keys/0/alg", json!("RS256")),
        ("/issuers/0/keys/0", json!({ "alg": "HS256", "pem": public })),
        ("/issuers/0/keys/0", json!({ "alg": "EdDSA", "pem": certificate })),
        ("/issuers/0/keys/0", json!({ "alg": "EdDSA", "pem": private })),
        ("/issuers/0/keys/0", json!({ "jwk": { "kty": "oct", "k": "AA" } })),
        ("/issuers/0/keys/0", json!({ "jwk": { "kty": "EC", "crv": "P-256", "d": "AA" } })),
        ("/issuers/0/keys/0/pem", json!(public)),
        ("/policy/roles", json!(["reader"])),
        ("/policy/roles/reader/permissions/0", json!("notes")),
        ("/policy/routes/GET ~1notes", json!("read")),
        ("/policy/routes/GET ~1n~1{id}", json!({ "where": {} , "acces": "x:y" })),
        ("/policy/docs", json!("open")),
        ("/api_keys/pepper", json!(null)),
        ("/api_keys/records/0/hash", json!("abc")),
        ("/api_keys/records/0/expires_at", json!("2027-01-01")),
        ("/api_keys/records/0/expires_at", json!(-1)),
        ("/upstream/token", json!(null)),
        ("/upstream/token/ttl_secs", json!(0)),
        ("/limits", json!({ "rate_per_minute": 10 })),
        ("/limits", json!({ "token_bytes": 1_000_000 })),
    ] {
        change(pointer, value)?;
    }
    for route in [
        "GET notes",
        "/notes",
        "get /notes",
        "ANY /notes",
        "WS /notes",
        "GETT /notes",
        "GET /n/*",
        "GET /n/**",
        "GET /n/:id",
        "GET /n/$id",
        "GET /n/<id>",
        "GET /n/{id?}",
        "GET /n/{id:int}",
        "GET /n/(.*)",
        "GET /n/+",
        "GET //n",
        "GET /n/../m",
        "GET /{rest:path}/n",
        "GET /n?x=1",
        "GET ",
    ] {
        change("/policy/routes", json!({ route: "notes:read" }))?;
    }
    for origin in [
        "https://app.example/",
        "https://App.example",
        "https://app.example:443",
        "http://app.example:80",
        "null",
        "app.example",
        "https://*.example",
        "https://user@app.example",
    ] {
        change("/cors/allowed_origins", json!([origin]))?;
    }
    let mut nobody = good.clone();
    if let Some(members) = nobody.as_object_mut() {
        members.remove("issuers");
        members.remove("api_keys");
    }
    all.push(Document { name: "nothing authenticates".to_string(), value: nobody });
    Ok(all)
}
