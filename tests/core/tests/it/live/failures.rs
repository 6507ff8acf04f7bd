//! Clients whose credentials fail, and routes that are limited.

use portcullis::{RequestHead, Verdict};
use portcullis_tests::{NOW, SECRET, outcome, sign};
use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, fetching, header};

fn document(members: &Value) -> String {
    let mut document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": "api", "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user", "routes": {"GET /x": "x:read",
            "GET /y": "x:write", "POST /login": {"access": "public", "limit": {"count": 3, "window_secs": 60}}}},
        "limits": {"failures": {"count": 5, "window_secs": 60}},
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document.to_string()
}

fn token(exp: u64) -> String {
    sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": exp}), SECRET)
}

#[test]
fn the_sixth_guess_in_a_minute_is_not_looked_at() {
    let mut host = Host::new(&document(&json!({})));
    let good = token(NOW + 600);
    for _ in 0..5 {
        assert_eq!(host.with("guess"), (401, "token_malformed"));
    }
    // Nothing of this client is looked at now, good or bad.
    let verdict = host.verdict("GET", "/x", &[("authorization", &format!("Bearer {good}"))]);
    assert_eq!(outcome(&verdict), (429, "rate_limited"));
    assert_eq!(header(&verdict, "retry-after"), Some("60"));
    host.now += 59;
    let verdict = host.verdict("GET", "/x", &[("authorization", &format!("Bearer {good}"))]);
    assert_eq!((outcome(&verdict).0, header(&verdict, "retry-after")), (429, Some("1")));
    // Others are.
    host.client = "192.0.2.2";
    assert_eq!(host.with(&good), (200, "-"));
    host.client = "192.0.2.1";
    host.now += 1;
    assert_eq!(host.with(&good), (200, "-"));
}

#[test]
fn clients_are_told_apart_by_what_one_subscriber_has() {
    let mut host = Host::new(&document(&json!({})));
    let good = token(NOW + 600);
    for client in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1", "2001:db8::3", "2001:db8::4"] {
        host.client = client;
        assert_eq!(host.with("guess").0, 401);
    }
    host.client = "2001:db8:0:0:1234::";
    assert_eq!(host.with(&good), (429, "rate_limited"));
    host.client = "2001:db8:0:1::1";
    assert_eq!(host.with(&good), (200, "-"));
    // The two forms of one IPv4 address.
    for _ in 0..5 {
        host.client = "::ffff:192.0.2.7";
        assert_eq!(host.with("guess").0, 401);
    }
    host.client = "192.0.2.7";
    assert_eq!(host.with(&good), (429, "rate_limited"));
}

#[test]
fn what_is_no_guess_does_not_count() {
    let mut host = Host::new(&document(&json!({})));
    let (good, expired) = (token(NOW + 600), token(NOW - 1));
    for _ in 0..50 {
        assert_eq!(host.with(&expired), (401, "token_expired"));
        assert_eq!(host.verdict("GET", "/x", &[]).diagnostics.reason.unwrap().code(), "credential_missing");
        let forbidden = host.verdict("GET", "/y", &[("authorization", &format!("Bearer {good}"))]);
        assert_eq!(outcome(&forbidden), (403, "permission_missing"));
        assert_eq!(host.with(&good), (200, "-"));
    }
    // Nor does anything of a client whose address the host does not know.
    host.client = "";
    for _ in 0..50 {
        assert_eq!(host.with("guess").0, 401);
    }
    host.client = "not an address";
    for _ in 0..50 {
        assert_eq!(host.with("guess").0, 401);
    }
    assert_eq!(host.with(&good), (200, "-"));
}

#[test]
fn a_public_route_is_limited_by_requests() {
    let mut host = Host::new(&document(&json!({})));
    for _ in 0..3 {
        assert_eq!(outcome(&host.verdict("POST", "/login", &[])), (200, "-"));
    }
    let verdict = host.verdict("POST", "/login", &[]);
    assert_eq!(outcome(&verdict), (429, "rate_limited"));
    assert_eq!(header(&verdict, "retry-after"), Some("60"));
    // Neither another route nor another client has to do with it.
    assert_eq!(host.with(&token(NOW + 600)), (200, "-"));
    host.client = "192.0.2.2";
    assert_eq!(outcome(&host.verdict("POST", "/login", &[])), (200, "-"));
    host.client = "192.0.2.1";
    host.now += 60;
    assert_eq!(outcome(&host.verdict("POST", "/login", &[])), (200, "-"));
}

/// What is no good to whoever is asked costs as well, remembered or not.
#[test]
fn rejected_credentials_count_and_an_origin_that_is_down_does_not() {
    let members = json!({"identity": {"ask": "/me", "subject": "/id"},
        "limits": {"failures": {"count": 5, "window_secs": 60}}});
    let document = fetching(&json!({"url": KEYS}), &members);
    let mut host = Host::new(&document);
    for number in 0..20 {
        assert_eq!(host.with(&format!("opaque{number}")), (503, "ask_unavailable"));
    }
    host.serve("origin/me", Page::new(401, "application/json", "{}"));
    let calls = host.sent.len();
    for number in 0..5 {
        assert_eq!(host.with(&format!("guess{number}")), (401, "credential_rejected"));
    }
    for number in 5..50 {
        assert_eq!(host.with(&format!("guess{number}")), (429, "rate_limited"));
    }
    assert_eq!(host.sent.len() - calls, 5);
    // One that is tried again and again counts every time.
    host.client = "192.0.2.9";
    for _ in 0..5 {
        assert_eq!(host.with("guess"), (401, "credential_rejected"));
    }
    assert_eq!(host.with("guess"), (429, "rate_limited"));
    assert_eq!(host.sent.len() - calls, 6);
}

#[test]
fn the_clock_going_back_ends_a_window() {
    let mut host = Host::new(&document(&json!({})));
    for _ in 0..5 {
        assert_eq!(host.with("guess").0, 401);
    }
    assert_eq!(host.with("guess").0, 429);
    host.now -= 3600;
    assert_eq!(host.with(&token(NOW + 600)), (200, "-"));
}

#[test]
fn what_another_limiter_says_counts_as_if_it_had_been_counted_here() {
    let mut host = Host::new(&document(&json!({})));
    let good = token(NOW + 600);
    let refused = |host: &mut Host, credential: &str| {
        host.verdict("GET", "/x", &[("authorization", &format!("Bearer {credential}"))])
    };
    let failed = refused(&mut host, "guess");
    let key = |host: &Host, client: &str, verdict: &Verdict| host.gate.failure_key(client, verdict);
    assert_eq!(key(&host, "192.0.2.1", &failed).as_deref(), Some("00000000c0000201"));
    assert_eq!(key(&host, "2001:db8::7", &failed).as_deref(), Some("20010db800000000"));
    assert_eq!(key(&host, "no address", &failed), None);
    // What is no failure of a credential is not counted there either.
    for credential in [good.as_str(), &token(NOW - 600)] {
        let verdict = refused(&mut host, credential);
        assert_eq!(key(&host, "192.0.2.1", &verdict), None, "{:?}", outcome(&verdict));
    }
    let anonymous = host.verdict("GET", "/x", &[]);
    assert_eq!(key(&host, "192.0.2.1", &anonymous), None);
    let unlimited = Host::new(&document(&json!({"limits": {}})));
    assert_eq!(key(&unlimited, "192.0.2.1", &failed), None);

    let head = RequestHead::new("GET", "/x", &[]).with_client("192.0.2.1");
    let verdict = host.gate.limited_elsewhere(&head, host.time());
    assert_eq!((outcome(&verdict), header(&verdict, "retry-after")), ((429, "rate_limited"), Some("60")));
    assert_eq!(verdict.diagnostics.route.as_deref(), Some("GET /x"));
    assert_eq!(key(&host, "192.0.2.1", &verdict), None, "it is not counted again");
    host.now += 59;
    assert_eq!(host.with(&good), (429, "rate_limited"));
    host.client = "192.0.2.2";
    assert_eq!(host.with(&good), (200, "-"));
    host.client = "192.0.2.1";
    host.now += 1;
    assert_eq!(host.with(&good), (200, "-"));
}
