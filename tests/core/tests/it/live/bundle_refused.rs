//! What is no bundle, or not the next one: it changes nothing.

use jwt_simple::common::HeaderOptions;
use jwt_simple::prelude::*;
use portcullis::api_key::plain_hash;
use portcullis::limits::{BUNDLE_BYTES, BUNDLE_FRESH_SECS, LEEWAY_SECS};
use portcullis_tests::{NOW, raw_token};
use serde_json::{Value, json};

use super::bundle::{BUNDLE, KEY, TYPE, bundle, document, page, plain, record, token};
use super::host::{Host, ISSUER, Page, Signer};

/// A gate that has version 5, and has then been served `second`: its last failure, and whether the fifth still counts.
fn after(document: &str, publisher: &Signer, second: Option<Page>) -> (Option<String>, bool) {
    let first =
        json!({"records": [record("other1")], "revoked": {"tokens": [{"issuer": ISSUER, "jti": "1"}]}});
    let mut host = Host::serving(document, &[(BUNDLE, page(&bundle(publisher, 5, &first)))]);
    assert_eq!(host.with(&token("2")), (200, "-"));
    host.pages.clear();
    host.pages.extend(second.map(|page| (BUNDLE.to_owned(), page)));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    let status = &host.gate.sources(host.time())[0];
    let failure = status.failure.map(|failure| format!("{failure:?}"));
    assert_eq!(failure.is_none(), status.version != Some(5) || status.age_secs == Some(0));
    // What counts is whole: either all of the one, or all of the other.
    let is_fifth = host.with(&token("1")) == (401, "token_revoked");
    assert_eq!(is_fifth, status.version == Some(5));
    assert_eq!(host.with(&token("2")), (200, "-"));
    (failure, is_fifth)
}

fn payload(version: u64, members: &Value) -> Value {
    let mut payload = json!({"version": version, "iat": NOW, "exp": NOW + 3600});
    payload.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    payload
}

#[test]
fn whatever_is_not_signed_as_a_bundle() {
    let (p, other) = (Signer::new("p"), Signer::new("p"));
    let good = bundle(&p, 6, &json!({}));
    let kind = "application/jose";
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let unsigned = portcullis::base64url::encode(payload(7, &json!({})).to_string().as_bytes());
    let symmetric = {
        let key = HS256Key::from_bytes(p.jwk()["x"].as_str().unwrap().as_bytes()).with_key_id("p");
        let mut claims = Claims::with_custom_claims(payload(6, &json!({})), Duration::from_secs(1));
        (claims.issued_at, claims.expires_at, claims.invalid_before) = (None, None, None);
        let options = HeaderOptions { content_type: None, signature_type: Some(TYPE.to_owned()) };
        key.authenticate_with_options(claims, &options).unwrap()
    };
    for (name, second, failure) in [
        ("down", None, "NoAnswer"),
        ("an error", Some(Page::new(500, kind, good.clone())), "Status"),
        ("a redirect", Some(Page::new(302, kind, good.clone())), "Status"),
        ("nothing", Some(page("")), "Signature"),
        ("HTML", Some(Page::new(200, "text/html", "<html>")), "Signature"),
        ("its payload", Some(Page::json(&payload(6, &json!({})))), "Signature"),
        ("cut off", Some(page(&good[..good.len() - 3])), "Signature"),
        ("without a signature", Some(page(&format!("{head}."))), "Signature"),
        ("the signature of another", Some(page(&format!("{header}.{unsigned}.{signature}"))), "Signature"),
        ("twice", Some(page(&format!("{good}{good}"))), "Signature"),
        ("not text", Some(Page::new(200, kind, vec![0xff; 300])), "Signature"),
        ("another key by its name", Some(page(&bundle(&other, 6, &json!({})))), "Signature"),
        ("an unknown key", Some(page(&bundle(&Signer::new("q"), 6, &json!({})))), "Signature"),
        ("the public key as a secret", Some(page(&symmetric)), "Signature"),
        (
            "no algorithm",
            Some(page(&raw_token(
                r#"{"alg":"none","typ":"portcullis-bundle+jwt"}"#,
                &payload(6, &json!({})).to_string(),
                "",
            ))),
            "Signature",
        ),
        ("a token", Some(page(&p.sign(payload(6, &json!({}))))), "Signature"),
        ("another type", Some(page(&p.sign_as("at+jwt", payload(6, &json!({}))))), "Signature"),
        ("too long", Some(page(&format!("{good}{}", " \n".repeat(BUNDLE_BYTES / 2)))), "TooLong"),
        ("10 MB", Some(Page::new(200, kind, vec![b'a'; 10_000_000])), "TooLong"),
    ] {
        assert_eq!(after(&plain(&p), &p, second), (Some(failure.to_owned()), true), "{name}");
    }
    assert_eq!(after(&plain(&p), &p, Some(page(&good))), (None, false));
}

#[test]
fn whatever_is_not_the_next_one() {
    let p = Signer::new("p");
    let times = |iat: u64, exp: u64| json!({"version": 6, "iat": iat, "exp": exp});
    // They come when the first was fresh for its time.
    let now = NOW + BUNDLE_FRESH_SECS;
    for (name, payload, failure) in [
        ("an older one", payload(4, &json!({})), Some("Older")),
        ("the first", payload(1, &json!({})), Some("Older")),
        ("another of the same version", payload(5, &json!({})), Some("Older")),
        ("expired", times(NOW, now), Some("Expired")),
        ("expired long ago", times(NOW - 7200, NOW - 3600), Some("Expired")),
        ("of the future", times(now + LEEWAY_SECS + 1, now + 3600), Some("Expired")),
        ("of a clock ahead", times(now + LEEWAY_SECS, now + 3600), None),
        ("the next", payload(6, &json!({})), None),
        ("a later", payload(u64::MAX, &json!({})), None),
    ] {
        let said = after(&plain(&p), &p, Some(page(&p.sign_as(TYPE, payload))));
        assert_eq!(said, (failure.map(str::to_owned), failure.is_some()), "{name}");
    }
    // The very same again is no failure.
    let first =
        json!({"records": [record("other1")], "revoked": {"tokens": [{"issuer": ISSUER, "jti": "1"}]}});
    assert_eq!(after(&plain(&p), &p, Some(page(&bundle(&p, 5, &first)))), (None, true));
}

#[test]
fn a_floor_in_the_document_holds_from_the_start() {
    let p = Signer::new("p");
    let document = document(&p, &json!({"min_version": 7}), &json!({}));
    for (version, expected) in [(6, (503, "bundle_unavailable")), (7, (200, "-"))] {
        let mut host = Host::serving(&document, &[(BUNDLE, page(&bundle(&p, version, &json!({}))))]);
        assert_eq!(host.with(&token("1")), expected, "{version}");
    }
}

#[test]
fn whatever_cannot_be_read_or_does_not_fit() {
    let p = Signer::new("p");
    let doc1 =
        json!({"id": "doc1", "hash": plain_hash("document-key-0123456789abcdef0123"), "roles": ["user"]});
    let with_records = document(&p, &json!({}), &json!({"api_keys": {"records": [doc1]}}));
    let other_hash = plain_hash("another-key-0123456789abcdef0123");
    let mut private = p.jwk();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let set = |keys: Value| json!({"jwks": {"https://other.example": {"keys": keys}}});
    for members in [
        json!({"version": 0}),
        json!({"version": "6"}),
        json!({"version": 6.5}),
        json!({"iat": NOW + 10, "exp": NOW + 10}),
        json!({"exp": 99_999_999_999_999_u64}),
        json!({"exp": null}),
        json!({"policy": {}}),
        json!({"records": {}}),
        json!({"records": [{"id": "a"}]}),
        json!({"records": [{"id": "a", "hash": "sha256:00"}]}),
        json!({"records": [{"id": "a", "hash": other_hash, "roles": ["nobody"]}]}),
        json!({"records": [{"id": "a", "hash": other_hash, "credential": "forward"}]}),
        json!({"records": [record("a"), record("b")]}),
        json!({"records": [record("a"), {"id": "a", "hash": other_hash}]}),
        // No pepper, and so no key could be compared with it.
        json!({"records": [{"id": "a", "hash": format!("hmac-sha256:{}", "0".repeat(64))}]}),
        // In both places: nobody could tell which counts.
        json!({"records": [{"id": "doc1", "hash": other_hash}]}),
        json!({"records": [{"id": "a", "hash": plain_hash("document-key-0123456789abcdef0123")}]}),
        json!({"revoked": []}),
        json!({"revoked": {"tokens": ["1"]}}),
        json!({"revoked": {"subjects": [{"subject": "a", "before": "yesterday"}]}}),
        json!({"revoked": {"credentials": [KEY]}}),
        set(json!([private])),
        set(json!([{"kty": "oct", "k": "AAAA"}])),
        set(json!([p.jwk(), p.jwk()])),
        json!({"jwks": {"https://other.example": []}}),
    ] {
        let second = page(&p.sign_as(TYPE, payload(6, &members)));
        let said = after(&with_records, &p, Some(second));
        assert_eq!(said, (Some("Contents".to_owned()), true), "{members}");
    }
    for text in ["", "[]", "6", "{\"version\":6,\"version\":7}"] {
        // jwt-simple signs objects only.
        let input = portcullis::base64url::encode(text.as_bytes());
        assert!(portcullis_config::bundle_contents(text.as_bytes()).is_err(), "{text} {input}");
    }
    let without = document(&p, &json!({}), &json!({"api_keys": null}));
    let mut host =
        Host::serving(&without, &[(BUNDLE, page(&bundle(&p, 1, &json!({"records": [record("a")]}))))]);
    assert_eq!(host.with(&token("1")), (503, "bundle_unavailable"));
}

#[test]
fn an_error_names_the_place_and_nothing_that_stands_there() {
    let read = |members: Value| {
        portcullis_config::bundle_contents(payload(6, &members).to_string().as_bytes()).unwrap_err()
    };
    assert!(read(json!({"revoked": {"credentials": [KEY]}})).starts_with("/revoked/credentials/0: "));
    assert!(!read(json!({"revoked": {"credentials": [KEY]}})).contains(KEY));
    assert!(read(json!({"records": [{"id": "a", "hash": KEY}]})).starts_with("/records/0/hash: "));
    assert!(!read(json!({"records": [{"id": "a", "hash": KEY}]})).contains(KEY));
    assert!(read(json!({"jwks": {"https://a.example": 1}})).starts_with("/jwks/https:~1~1a.example: "));
    assert!(read(json!({"polcy": {}})).starts_with("/polcy: unknown member"));
}
