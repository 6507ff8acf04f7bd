//! What loads and is dangerous: hosts hear of it without a tool.

use crate::host::{Host, diagnostics, document, errors};
use portcullis_config::{Severity, systems};
use serde_json::{Value, json};

/// Codes and places of what is said.
fn said(document: &Value) -> Vec<(&'static str, String)> {
    let all = diagnostics(document).into_iter();
    all.map(|one| {
        assert_eq!(one.lint.severity(), Severity::Warning);
        (one.lint.code(), one.pointer)
    })
    .collect()
}

#[test]
fn every_system_loads_without_a_word() {
    for system in systems() {
        assert_eq!(said(&document(system, &json!({}))), [], "{system}");
    }
}

#[test]
fn each_danger_by_its_code_and_place() {
    let open = "/policy/routes/GET ~1api~1docs~1";
    for (profile, members, code, place) in [
        ("generic", json!({"mode": "report"}), "report_mode", "/mode"),
        (
            "generic",
            json!({"cors": {"allowed_origins": ["https://a.example", "*"]}}),
            "cors_any_origin",
            "/cors/allowed_origins/1",
        ),
        ("agentflow", json!({"policy": {"docs": "public"}}), "docs_open", "/policy/docs"),
        ("generic", json!({"policy": {"routes": {"GET /api/docs/": "public"}}}), "docs_open", open),
        (
            "r2r",
            json!({"policy": {"routes": {"POST /v3/documents": {"access": "public", "credential": "origin"}}}}),
            "credentials_unverified",
            "/policy/routes/POST ~1v3~1documents/credential",
        ),
        (
            "ragflow",
            json!({"upstream": {"credential": "swap", "origin_key": {"env": "ORIGIN_KEY"}}, "api_keys": {"records": [
                {"id": "a", "credential": "forward", "hash": "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
                {"id": "b", "hash": "sha256:1000000000000000000000000000000000000000000000000000000000000000"},
                {"id": "c", "credential": "swap", "hash": "sha256:2000000000000000000000000000000000000000000000000000000000000000"}]}}),
            "own_key_swapped",
            "/api_keys/records/1",
        ),
        (
            "generic",
            json!({"policy": {"roles": {"dev-jwt-secret-key-for-local-development-only": {}}}}),
            "secret_in_document",
            "/policy/roles",
        ),
        (
            "agentflow",
            json!({"api_keys": {"records": [{"id": "k", "owner": "a ragflow-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "hash": "sha256:0000000000000000000000000000000000000000000000000000000000000000"}]},
                "upstream": {"credential": "swap", "token": {"secret": {"env": "KEY"}}}}),
            "secret_in_document",
            "/api_keys/records/0/owner",
        ),
    ] {
        assert_eq!(said(&document(profile, &members)), [(code, place.to_owned())], "{members}");
    }
    // A system without pages of its own has nothing that "docs" could open.
    assert_eq!(said(&document("generic", &json!({"policy": {"docs": "public"}}))), []);
}

#[test]
fn a_published_secret_is_refused_whatever_system_it_was_published_for() {
    for (profile, secret) in [
        ("generic", "wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM"),
        ("r2r", "dev-jwt-secret-key-for-local-development-only"),
        ("rag-modulo", "A-STRING-SECRET-AT-LEAST-256-BITS-LONG"),
    ] {
        let host = Host([("KEY", secret)].into());
        let errors = errors(&document(profile, &json!({})), &host);
        let expected = "/issuers/0/keys/0/secret/env: secret \"KEY\" has a published example value, with which anybody can sign; replace it by one that `openssl rand -hex 32` makes: set KEY";
        assert_eq!(errors, [expected], "{profile}");
    }
}
