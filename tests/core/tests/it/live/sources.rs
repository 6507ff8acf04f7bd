//! Keys at a URL: who gets in, what is taken for a set, and for how long one is used.

use portcullis::limits::{REPLY_BYTES, STALE_SECS};
use portcullis_tests::{NOW, outcome, raw_token};
use serde_json::json;

use super::host::{Host, ISSUER, KEYS, Page, Signer, by_url, fetching, header};

#[test]
fn tokens_of_the_published_keys_get_in_and_no_others() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.count(KEYS), 1);
    // Another key by the same name.
    assert_eq!(host.with(&Signer::new("a").token("alice")), (401, "signature_invalid"));
    let expired = a.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW - 1}));
    assert_eq!(host.with(&expired), (401, "token_expired"));
    let elsewhere = a.sign(json!({"iss": ISSUER, "aud": "other", "sub": "alice", "exp": NOW + 60}));
    assert_eq!(host.with(&elsewhere), (401, "audience_mismatch"));
    // The public key as a shared secret: not a reason to fetch anything.
    let confused = raw_token(r#"{"alg":"HS256","kid":"a"}"#, "{}", &a.jwk()["x"].to_string());
    assert_eq!(host.with(&confused), (401, "algorithm_not_allowed"));
    assert_eq!(host.with("a.b"), (401, "token_malformed"));
    assert_eq!(host.count(KEYS), 1);
    // An unknown one is looked for once in thirty seconds, and the answer counts.
    assert_eq!(host.with(&b.token("alice")), (401, "key_unknown"));
    host.now += 29;
    assert_eq!(host.with(&b.token("alice")), (401, "key_unknown"));
    assert_eq!(host.count(KEYS), 1);
    host.now += 1;
    assert_eq!(host.with(&b.token("alice")), (401, "key_unknown"));
    assert_eq!(host.count(KEYS), 2);
    host.now += 30;
    assert_eq!(host.with(&confused), (401, "algorithm_not_allowed"));
    assert_eq!(host.count(KEYS), 2);
}

#[test]
fn a_source_that_is_down_from_the_start() {
    let a = Signer::new("a");
    let mut host = Host::new(&by_url());
    let verdict = host.verdict("GET", "/x", &[("authorization", &format!("Bearer {}", a.token("alice")))]);
    assert_eq!(outcome(&verdict), (503, "keys_unavailable"));
    let secs: u64 = header(&verdict, "retry-after").unwrap().parse().unwrap();
    assert_eq!(secs, 5);
    assert_eq!(host.gate.sources(host.time())[0].url, KEYS);
    assert_eq!(host.with("nonsense"), (401, "token_malformed"));
    // A hundred more cost nothing, and an hour of them twelve tries and a few.
    for _ in 0..100 {
        assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"));
    }
    assert_eq!(host.count(KEYS), 1);
    while host.now < NOW + 3600 {
        host.now += 1;
        assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"));
    }
    assert!((12..=22).contains(&host.count(KEYS)), "{}", host.count(KEYS));
    // It comes back, and is found within five minutes without a request.
    host.serve(KEYS, Page::keys(&[&a]));
    for _ in 0..300 {
        host.now += 1;
        host.tick();
    }
    let sent = host.sent.len();
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.sent.len(), sent);
}

#[test]
fn keys_are_used_for_as_long_as_is_configured_and_not_a_second_longer() {
    for (jwks, fresh, page_age, stale) in [
        (json!({"url": KEYS}), 600, None, STALE_SECS),
        (json!({"url": KEYS, "stale_secs": 0}), 600, None, 0),
        (json!({"url": KEYS, "stale_secs": 60}), 300, Some("max-age=1"), 60),
        (json!({"url": KEYS, "stale_secs": 60}), 300, Some("no-store"), 60),
        (json!({"url": KEYS, "stale_secs": 60}), 3600, Some("public, max-age=3600"), 60),
        (json!({"url": KEYS, "stale_secs": 60}), 86_400, Some("max-age=31536000"), 60),
    ] {
        let a = Signer::new("a");
        let mut page = Page::keys(&[&a]);
        if let Some(age) = page_age {
            page = page.with_header("Cache-Control", age);
        }
        let mut host = Host::serving(&fetching(&jwks, &json!({})), &[(KEYS, page)]);
        let token = a.sign(json!({"iss": ISSUER, "aud": "api", "sub": "a", "exp": NOW + 1_000_000}));
        assert_eq!(host.with(&token), (200, "-"));
        host.pages.clear();
        host.now = NOW + fresh + stale - 1;
        host.tick();
        assert_eq!(host.with(&token), (200, "-"), "{jwks}");
        host.now += 1;
        assert_eq!(host.with(&token), (503, "keys_unavailable"), "{jwks}");
    }
}

#[test]
fn keys_are_fetched_again_ahead_of_their_end() {
    let a = Signer::new("a");
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    host.tick();
    assert_eq!(host.count(KEYS), 1);
    host.now += 539;
    host.tick();
    assert_eq!(host.count(KEYS), 1);
    host.now += 1;
    host.tick();
    assert_eq!(host.count(KEYS), 2);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.count(KEYS), 2);
}

#[test]
fn what_is_no_set_leaves_the_old_one_in_its_place() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let good = json!({"keys": [b.jwk()]}).to_string();
    let mut private = b.jwk();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let secret = json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": "AAAA"});
    let kind = "application/json";
    let of = |keys: serde_json::Value| Page::json(&json!({"keys": keys}));
    for (name, page, failure) in [
        ("down", None, "NoAnswer"),
        ("HTML", Some(Page::new(200, "text/html", "<html>")), "NotJson"),
        ("keys as text", Some(Page::new(200, "text/plain", good.clone())), "NotJson"),
        ("HTML that says it is JSON", Some(Page::new(200, kind, "<html>")), "KeySet"),
        (
            "a redirect",
            Some(Page::new(302, kind, good.clone()).with_header("Location", "https://evil.example")),
            "Status",
        ),
        ("an error", Some(Page::new(500, kind, good.clone())), "Status"),
        ("no content", Some(Page::new(204, kind, good.clone())), "Status"),
        ("too long", Some(Page::new(200, kind, format!("{good}{}", " ".repeat(REPLY_BYTES)))), "TooLong"),
        ("10 MB", Some(Page::new(200, kind, vec![b' '; 10_000_000])), "TooLong"),
        ("cut off", Some(Page::new(200, kind, good[..good.len() - 3].to_owned())), "KeySet"),
        ("nothing", Some(Page::new(200, kind, "")), "KeySet"),
        ("no set", Some(Page::json(&b.jwk())), "KeySet"),
        ("an empty set", Some(of(json!([]))), "KeySet"),
        ("a private key", Some(of(json!([b.jwk(), private]))), "KeySet"),
        ("a shared secret", Some(of(json!([secret]))), "KeySet"),
        ("a secret besides", Some(of(json!([b.jwk(), secret]))), "KeySet"),
        ("a name twice", Some(of(json!([b.jwk(), b.jwk()]))), "KeySet"),
        (
            "nothing usable",
            Some(of(json!([{"kty": "EC", "crv": "secp256k1", "kid": "b", "x": "AA", "y": "AA"}]))),
            "KeySet",
        ),
    ] {
        let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
        assert_eq!(host.with(&a.token("alice")), (200, "-"));
        match page {
            Some(page) => host.serve(KEYS, page),
            None => host.pages.clear(),
        }
        host.now += 540;
        host.tick();
        assert_eq!(host.count(KEYS), 2, "{name}");
        let status = &host.gate.sources(host.time())[0];
        assert_eq!(format!("{:?}", status.failure), format!("Some({failure})"), "{name}");
        assert_eq!((status.keys, status.age_secs), (1, Some(540)), "{name}");
        assert_eq!(host.with(&a.token("alice")), (200, "-"), "{name}");
        // Nobody can tell whether the key is good: there is none for it, and there might be.
        assert_eq!(host.with(&b.token("alice")), (503, "keys_unavailable"), "{name}");

        // And nothing else is known if it was the first.
        let mut fresh = Host::new(&by_url());
        fresh.pages = host.pages.clone();
        assert_eq!(fresh.with(&b.token("alice")), (503, "keys_unavailable"), "{name}");
        assert_eq!(fresh.with(&a.token("alice")), (503, "keys_unavailable"), "{name}");
    }
}

#[test]
fn a_set_may_be_as_long_as_any_reply() {
    let a = Signer::new("a");
    let keys = json!({"keys": [a.jwk()]}).to_string();
    let spaces = " ".repeat(REPLY_BYTES - keys.len());
    let longest = Page::new(200, "application/json", [keys, spaces].concat());
    assert_eq!(Host::serving(&by_url(), &[(KEYS, longest)]).with(&a.token("alice")), (200, "-"));
}

#[test]
fn a_bad_key_beside_a_good_one_is_passed_over() {
    let a = Signer::new("a");
    let odd = [
        json!({"kty": "RSA", "kid": "b", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "PQ", "kid": "c"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "d", "x": "AA"}),
        json!({"kty": "RSA", "use": "enc", "kid": "e", "n": "AQAB", "e": "AQAB"}),
    ];
    let keys: Vec<_> = odd.into_iter().chain([a.jwk()]).collect();
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::json(&json!({"keys": keys})))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.gate.sources(host.time())[0].keys, 1);
}

#[test]
fn the_algorithms_of_the_document_count() {
    let a = Signer::new("a");
    let document = |algorithms: &[&str]| {
        json!({"profile": "generic", "issuers": [{"issuer": ISSUER, "audience": "api", "algorithms": algorithms,
            "jwks": {"url": KEYS}}], "policy": {"routes": {"GET /x": "x:read"}, "roles": {"u": {"permissions": ["*"]}},
            "default_role": "u"}})
        .to_string()
    };
    let serving = |algorithms: &[&str]| Host::serving(&document(algorithms), &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(serving(&["EdDSA"]).with(&a.token("alice")), (200, "-"));
    assert_eq!(serving(&["RS256"]).with(&a.token("alice")), (503, "keys_unavailable"));
}

#[test]
fn a_late_answer_counts_only_while_nobody_else_has_asked() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::new(&by_url());
    let first = host.gate.due(host.time()).unwrap();
    host.now += 12;
    // Whoever asked first has not come back.
    let second = host.gate.due(host.time()).unwrap();
    host.now += 1;
    assert!(host.refreshed(&first, Some(&Page::keys(&[&b]))).is_none());
    assert_eq!(host.gate.sources(host.time())[0].keys, 0);
    host.refreshed(&second, Some(&Page::keys(&[&a])));
    host.refreshed(&second, Some(&Page::keys(&[&b])));
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.sent.len(), 0);
}

#[test]
fn a_clock_that_cannot_be_read_lets_nobody_in() {
    let a = Signer::new("a");
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    host.now = 0;
    assert_eq!(host.with(&a.token("alice")).0, 503);
    host.now = NOW + 1;
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
}
