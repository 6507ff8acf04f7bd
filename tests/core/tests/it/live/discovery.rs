//! Keys that the metadata of the issuer name.

use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, Signer};

const OPENID: &str = "https://idp.example/.well-known/openid-configuration";
const OAUTH: &str = "https://idp.example/.well-known/oauth-authorization-server";

fn document() -> String {
    json!({"profile": "generic", "issuers": [{"issuer": ISSUER, "audience": "api", "discover": true}],
        "policy": {"routes": {"GET /x": "x:read"}, "roles": {"u": {"permissions": ["*"]}}, "default_role": "u"}})
    .to_string()
}

fn metadata(members: &Value) -> Page {
    let mut all = json!({"issuer": ISSUER, "jwks_uri": KEYS, "scopes_supported": ["openid"]});
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Page::json(&all)
}

fn asked(host: &Host) -> Vec<&str> {
    host.sent.iter().map(|(_, address)| address.as_str()).collect()
}

#[test]
fn the_metadata_of_openid_come_first_and_those_of_oauth_where_there_are_none() {
    let a = Signer::new("a");
    let mut host = Host::serving(&document(), &[(OPENID, metadata(&json!({}))), (KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(asked(&host), [OPENID, KEYS]);
    // What they said is kept: a refresh goes to the keys.
    host.now += 540;
    host.tick();
    assert_eq!(asked(&host), [OPENID, KEYS, KEYS]);

    let none = Page::new(404, "text/html", "nothing here");
    let pages = [(OPENID, none), (OAUTH, metadata(&json!({}))), (KEYS, Page::keys(&[&a]))];
    let mut host = Host::serving(&document(), &pages);
    host.tick();
    assert_eq!(asked(&host), [OPENID, OAUTH, KEYS]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.sent.len(), 3);
}

#[test]
fn keys_that_have_moved_are_found_again() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let pages = [(OPENID, metadata(&json!({}))), (KEYS, Page::keys(&[&a]))];
    let mut host = Host::serving(&document(), &pages);
    host.tick();
    let moved = "https://idp.example/v2/keys";
    host.pages.clear();
    host.serve(OPENID, metadata(&json!({"jwks_uri": moved})));
    host.serve(moved, Page::keys(&[&b]));
    host.now += 540;
    // The old place first; when that has failed, the metadata.
    host.tick();
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    host.now += 5;
    host.tick();
    assert_eq!(asked(&host), [OPENID, KEYS, KEYS, OPENID, moved]);
    assert_eq!(host.with(&b.token("alice")), (200, "-"));
    assert_eq!(host.with(&a.token("alice")), (401, "key_unknown"));
}

#[test]
fn metadata_of_somebody_else_are_not_believed() {
    let a = Signer::new("a");
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for (name, page) in [
        ("another issuer", metadata(&json!({"issuer": "https://evil.example"}))),
        ("a slash more", metadata(&json!({"issuer": "https://idp.example/"}))),
        ("no issuer", metadata(&json!({"issuer": null}))),
        ("no place", metadata(&json!({"jwks_uri": null}))),
        ("a place without TLS", metadata(&json!({"jwks_uri": "http://idp.example/keys"}))),
        ("a place of no host", metadata(&json!({"jwks_uri": "/keys"}))),
        ("a scheme of one's own", metadata(&json!({"jwks_uri": "file:///etc/passwd"}))),
        ("credentials", metadata(&json!({"jwks_uri": "https://me:word@idp.example/keys"}))),
        ("HTML", Page::new(200, "text/html", "<html>")),
        ("a redirect", Page::new(302, "application/json", "").with_header("Location", OAUTH)),
        ("an error", Page::new(500, "application/json", "{}")),
        ("10 MB", Page::new(200, "application/json", vec![b' '; 10_000_000])),
        (
            "deep",
            Page::new(
                200,
                "application/json",
                format!("{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"{KEYS}\",\"x\":{deep}}}"),
            ),
        ),
        (
            "twice",
            Page::new(
                200,
                "application/json",
                format!(
                    "{{\"issuer\":\"https://evil.example\",\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"{KEYS}\"}}"
                ),
            ),
        ),
    ] {
        // What is there for OAuth counts only where there is nothing for OpenID.
        let pages = [(OPENID, page), (OAUTH, metadata(&json!({}))), (KEYS, Page::keys(&[&a]))];
        let mut host = Host::serving(&document(), &pages);
        assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"), "{name}");
        assert_eq!(asked(&host), [OPENID], "{name}");
        assert!(host.gate.sources(host.time())[0].failure.is_some(), "{name}");
        // And found when they are mended.
        host.serve(OPENID, metadata(&json!({})));
        host.now += 5;
        assert_eq!(host.with(&a.token("alice")), (200, "-"), "{name}");
    }
}

#[test]
fn nothing_at_either_place_is_a_failure() {
    let a = Signer::new("a");
    let none = Page::new(404, "text/html", "nothing here");
    let mut host = Host::serving(&document(), &[(OPENID, none.clone()), (OAUTH, none)]);
    assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"));
    assert_eq!(asked(&host), [OPENID, OAUTH]);
    host.tick();
    assert_eq!(host.sent.len(), 2);
}
