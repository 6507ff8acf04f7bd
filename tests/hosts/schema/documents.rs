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
        ("/api_keys/records/0/expires_at", json!("2027-01-01T00:00:00Z")),
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
