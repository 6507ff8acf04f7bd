//! What was taken back stays out, remembered or not, verified or asked about.

use super::host::{Host, ISSUER, KEYS, Page, fetching};
use portcullis_tests::{NOW, SECRET, sign};
use serde_json::{Value, json};

fn digest(credential: &str) -> String {
    let digest = hmac_sha256::Hash::hash(credential.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn document(revoked: &Value) -> String {
    json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": "api", "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user", "routes": {"GET /x": "x:read"}},
        "revoked": revoked,
    })
    .to_string()
}

fn token(members: &Value) -> String {
    let mut claims = json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 600, "iat": NOW - 100});
    let claims = claims.as_object_mut().unwrap();
    claims.extend(members.as_object().unwrap().clone());
    claims.retain(|_, value| !value.is_null());
    let claims = Value::from(claims.clone());
    sign(claims, SECRET)
}

#[test]
fn tokens_by_each_mark_they_have() {
    // 100 seconds before the time of the decisions.
    let (before, at, after) = ("2026-11-21T23:58:19Z", "2026-11-21T23:58:20Z", "2026-11-21T23:58:21Z");
    let revoked = (401, "token_revoked");
    let good = (200, "-");
    for (list, claims, expected) in [
        (json!({"tokens": [{"issuer": ISSUER, "jti": "1"}]}), json!({"jti": "1"}), revoked),
        (json!({"tokens": [{"issuer": ISSUER, "jti": "1"}]}), json!({"jti": "2"}), good),
        (json!({"tokens": [{"issuer": ISSUER, "jti": "1"}]}), json!({}), good),
        (json!({"tokens": [{"issuer": "https://other.example", "jti": "1"}]}), json!({"jti": "1"}), good),
        (json!({"sessions": [{"issuer": ISSUER, "sid": "s"}]}), json!({"sid": "s"}), revoked),
        (json!({"sessions": [{"issuer": ISSUER, "sid": "s"}]}), json!({"sid": "t"}), good),
        (json!({"subjects": [{"subject": "alice", "before": before}]}), json!({}), good),
        (json!({"subjects": [{"subject": "alice", "before": at}]}), json!({}), good),
        (json!({"subjects": [{"subject": "alice", "before": after}]}), json!({}), revoked),
        (json!({"subjects": [{"subject": "bob", "before": after}]}), json!({}), good),
        // What does not say when it was issued may have been issued before.
        (json!({"subjects": [{"subject": "alice", "before": before}]}), json!({"iat": null}), revoked),
        (json!({"issuers": [{"issuer": ISSUER, "before": after}]}), json!({"sub": "bob"}), revoked),
        (json!({"issuers": [{"issuer": ISSUER, "before": at}]}), json!({"sub": "bob"}), good),
    ] {
        let mut host = Host::new(&document(&list));
        for _ in 0..3 {
            assert_eq!(host.with(&token(&claims)), expected, "{list} {claims}");
        }
    }
}

#[test]
fn credentials_by_their_digest() {
    let mut host = Host::new(&document(&json!({})));
    let token = token(&json!({}));
    assert_eq!(host.with(&token), (200, "-"));
    let mut host = Host::new(&document(&json!({"credentials": [format!("sha256:{}", digest(&token))]})));
    assert_eq!(host.with(&token), (401, "token_revoked"));
    assert_eq!(host.with(&self::token(&json!({"jti": "another"}))), (200, "-"));
    for spelled in [format!("{token}="), format!("{token}.")] {
        assert_eq!(host.with(&spelled).0, 401);
    }
}

#[test]
fn whoever_was_asked_does_not_overrule_it() {
    for (revoked, calls) in [
        (json!({"credentials": [format!("sha256:{}", digest("opaque"))]}), 0),
        // An answer does not say when its credential was issued.
        (json!({"subjects": [{"subject": "alice", "before": "2020-01-01T00:00:00Z"}]}), 1),
        (json!({"issuers": [{"issuer": "origin", "before": "2020-01-01T00:00:00Z"}]}), 1),
    ] {
        let members =
            json!({"identity": {"ask": "/me", "subject": "/id", "issuer": "origin"}, "revoked": revoked});
        let document = fetching(&json!({"url": KEYS}), &members);
        let mut host = Host::serving(&document, &[("origin/me", Page::json(&json!({"id": "alice"})))]);
        for _ in 0..2 {
            assert_eq!(host.with("opaque"), (401, "token_revoked"), "{revoked}");
        }
        assert_eq!(host.count("origin/me"), calls, "{revoked}");
    }
}
