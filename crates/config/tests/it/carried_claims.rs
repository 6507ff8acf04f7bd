//! Claims of callers that the origin is told of.

use crate::host::{Host, document, errors};
use serde_json::{Value, json};

fn said(profile: &str, claims: &Value, members: &Value) -> Vec<String> {
    let mut document = document(profile, members);
    document["upstream"] =
        json!({"credential": "swap", "token": {"secret": {"env": "ORIGIN"}, "claims": claims}});
    errors(&document, &Host::default())
}

fn sole(profile: &str, claims: &Value) -> String {
    let errors = said(profile, claims, &json!({}));
    let [error] = errors.as_slice() else { panic!("{profile} {claims}: {errors:?}") };
    error.clone()
}

#[test]
fn claims_are_named_or_placed() {
    for claims in [
        json!([]),
        json!(["email", "name", "https://example.com/groups"]),
        json!({}),
        json!({"mail": "/email", "external_id": "/sub", "level": "/profile/level"}),
        Value::Null,
    ] {
        assert_eq!(said("generic", &claims, &json!({})), [""; 0], "{claims}");
    }
    for (claims, expected) in [
        (json!(["email", "email"]), "/upstream/token/claims/1: an earlier element names this claim"),
        (json!(["/email"]), "/upstream/token/claims/0: the name of a claim is expected here"),
        (json!([""]), "/upstream/token/claims/0: not the name of a claim"),
        (json!(["a\nb"]), "/upstream/token/claims/0: not the name of a claim"),
        (json!(["x".repeat(129)]), "/upstream/token/claims/0: not the name of a claim"),
        (json!({"a/b": ""}), "/upstream/token/claims/a~1b: names no claim; write a pointer like \"/email\""),
        (json!({"mail": "email"}), "/upstream/token/claims/mail: "),
        (json!("email"), "/upstream/token/claims: expected an array of claim names, or an object"),
        (json!([1]), "/upstream/token/claims/0: "),
        (
            json!((0..17).map(|n| format!("c{n}")).collect::<Vec<_>>()),
            "/upstream/token/claims: more than 16 claims",
        ),
    ] {
        let error = sole("generic", &claims);
        assert!(error.starts_with(expected), "{claims}: {error}");
    }
}

#[test]
fn nothing_takes_the_place_of_what_the_gate_says() {
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        let expected =
            format!("/upstream/token/claims/0: the token made for the origin has its own \"{name}\"");
        assert!(sole("generic", &json!([name])).starts_with(&expected), "{name}");
    }
    for (profile, name) in [
        ("generic", "role"),
        ("generic", "roles"),
        ("generic", "scope"),
        ("generic", "scopes"),
        ("generic", "scp"),
        ("generic", "tenant"),
        ("agentflow", "user_id"),
        ("rag-modulo", "uuid"),
        ("r2r", "token_type"),
    ] {
        let error = sole(profile, &json!({name: "/elsewhere"}));
        let expected = format!("/upstream/token/claims/{name}: in \"{name}\" the gate tells ");
        assert!(error.starts_with(&expected), "{profile} {name}: {error}");
    }
    assert_eq!(said("generic", &json!(["user_id", "uuid", "token_type"]), &json!({})), [""; 0]);
}

#[test]
fn a_record_has_what_can_be_handed_on() {
    let keys = |claims: &Value| json!({"api_keys": {"records": [{"id": "a", "hash": format!("sha256:{}", "5a".repeat(32)), "claims": claims}]}});
    let names = json!(["email"]);
    assert_eq!(said("generic", &names, &keys(&json!({"email": "a@b", "other": {}}))), [""; 0]);
    let errors = said("generic", &names, &keys(&json!({"email": {}})));
    assert!(
        matches!(errors.as_slice(), [error] if error.starts_with("/api_keys/records/0/claims: ")),
        "{errors:?}"
    );
}
