//! What is remembered lets nobody in that would not be let in without it.

use portcullis_tests::{NOW, SECRET, load, sign};
use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, Signer, by_url, fetching};

fn of_a_secret(members: &Value) -> String {
    let mut document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": "api", "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user", "routes": {"GET /x": "x:read"}},
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document.to_string()
}

fn claims(members: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 600});
    claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    claims
}

#[test]
fn what_time_does_to_a_token_is_looked_at_every_time() {
    let mut host = Host::new(&of_a_secret(&json!({})));
    let token = sign(claims(&json!({"nbf": NOW - 10, "iat": NOW - 10})), SECRET);
    assert_eq!(host.with(&token), (200, "-"));
    assert_eq!(host.with(&token), (200, "-"));
    assert_eq!((host.gate.memory().hits, host.gate.memory().entries), (1, 1));
    // The clock goes back to before it was issued, and forth again.
    host.now = NOW - 11;
    assert_eq!(host.with(&token).0, 401);
    host.now = NOW;
    assert_eq!(host.with(&token), (200, "-"));
    host.now = NOW + 599;
    assert_eq!(host.with(&token), (200, "-"));
    host.now = NOW + 600;
    assert_eq!(host.with(&token), (401, "token_expired"));
    assert_eq!(host.gate.memory().entries, 0);
}

#[test]
fn an_answer_does_not_grow_younger_when_the_clock_is_set_back() {
    let identity = json!({"identity": {"ask": "/me", "subject": "/id"}});
    let me = Page::json(&json!({"id": "alice"}));
    let mut host = Host::serving(&fetching(&json!({"url": KEYS}), &identity), &[("origin/me", me)]);
    assert_eq!(host.with("opaque"), (200, "-"));
    host.now += 29;
    assert_eq!((host.with("opaque"), host.count("origin/me")), ((200, "-"), 1));
    // By the clock it is a moment old now.
    host.now -= 28;
    assert_eq!((host.with("opaque"), host.count("origin/me")), ((200, "-"), 2));
    // Threads of one host differ by as much as this.
    host.now += 10;
    assert_eq!((host.with("opaque"), host.count("origin/me")), ((200, "-"), 2));
    host.now -= 2;
    assert_eq!((host.with("opaque"), host.count("origin/me")), ((200, "-"), 2));
    host.now += 22;
    assert_eq!((host.with("opaque"), host.count("origin/me")), ((200, "-"), 3));
}

#[test]
fn what_goes_for_want_of_room_is_counted() {
    let mut host = Host::new(&of_a_secret(&json!({"memory": {"entries": 16}})));
    for number in 0..40 {
        let token = sign(claims(&json!({"sub": format!("caller-{number}")})), SECRET);
        assert_eq!(host.with(&token), (200, "-"));
    }
    let counters = host.gate.memory();
    assert!(counters.entries <= 16, "{counters:?}");
    assert_eq!(counters.entries + usize::try_from(counters.evictions).unwrap(), 40);
}

#[test]
fn the_age_and_the_end_of_the_key_count_as_well() {
    let aged = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "max_age_secs": 60,
        "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]});
    let mut host = Host::new(&of_a_secret(&aged));
    let token = sign(claims(&json!({"iat": NOW})), SECRET);
    assert_eq!((host.with(&token), host.with(&token)), ((200, "-"), (200, "-")));
    host.now += 61;
    assert_eq!(host.with(&token), (401, "token_too_old"));

    let retiring = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "keys": [
        {"kid": "old", "alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}, "accepted_until": "2026-11-22T00:01:00Z"},
        {"kid": "new", "alg": "HS256", "secret": {"env": "OTHER"}}]}]});
    let mut host = Host::new(&of_a_secret(&retiring));
    let header = r#"{"alg":"HS256","kid":"old"}"#;
    let token = portcullis_tests::raw_token(header, &claims(&json!({})).to_string(), SECRET);
    assert_eq!((host.with(&token), host.with(&token)), ((200, "-"), (200, "-")));
    assert_eq!(host.gate.memory().hits, 1);
    host.now += 60;
    assert_eq!(host.with(&token), (401, "key_unknown"));
}

/// The whole token is what is known, not a part of it.
#[test]
fn a_signature_that_is_known_does_not_vouch_for_other_claims() {
    let mut host = Host::new(&of_a_secret(&json!({})));
    let token = sign(claims(&json!({})), SECRET);
    assert_eq!(host.with(&token), (200, "-"));
    let parts: Vec<&str> = token.split('.').collect();
    let other = portcullis::base64url::encode(claims(&json!({"sub": "admin"})).to_string().as_bytes());
    assert_eq!(host.with(&format!("{}.{other}.{}", parts[0], parts[2])), (401, "signature_invalid"));
    let header = portcullis::base64url::encode(br#"{"alg":"none"}"#);
    assert_eq!(host.with(&format!("{header}.{}.{}", parts[1], parts[2])), (401, "algorithm_not_allowed"));
    for spelled in [format!("{token}="), format!("{token}A"), token[..token.len() - 1].to_owned()] {
        assert_eq!(host.with(&spelled).0, 401, "{spelled}");
    }
    assert_eq!(host.with(&token), (200, "-"));
}

/// The rules of one issuer are not those of another, though their keys are the same.
#[test]
fn an_issuer_does_not_speak_for_another() {
    let issuer = |name: &str, role: &str| {
        json!({"issuer": name, "audience": "api", "subject_roles": {"alice": [role]},
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]})
    };
    let document = json!({
        "profile": "generic", "issuers": [issuer("https://a.example", "admin"), issuer("https://b.example", "user")],
        "policy": {"roles": {"user": {}, "admin": {"permissions": ["x:read"]}}, "routes": {"GET /x": "x:read"}},
    });
    let mut host = Host::new(&document.to_string());
    let token = |name: &str| sign(claims(&json!({"iss": name})), SECRET);
    for _ in 0..3 {
        assert_eq!(host.with(&token("https://a.example")), (200, "-"));
        assert_eq!(host.with(&token("https://b.example")), (403, "permission_missing"));
        assert_eq!(host.with(&token("https://c.example")), (401, "issuer_untrusted"));
    }
    assert_eq!(host.gate.memory().hits, 4);
}

#[test]
fn it_is_as_large_as_is_configured() {
    for (entries, expected) in [(0_usize, 0_usize), (1, 1), (16, 16), (100, 50)] {
        let mut host = Host::new(&of_a_secret(&json!({"memory": {"entries": entries}})));
        for round in 0..2 {
            for number in 0..50 {
                let token = sign(claims(&json!({"sub": format!("u{number}")})), SECRET);
                assert_eq!(host.with(&token), (200, "-"), "{round}");
            }
        }
        assert_eq!(host.gate.memory().entries, expected);
        assert_eq!(host.gate.memory().hits > 0, entries == 100);
    }
    // Nothing that is longer than tokens are.
    let mut host = Host::new(&of_a_secret(&json!({})));
    let long = sign(claims(&json!({"x": "a".repeat(5000)})), SECRET);
    assert_eq!((host.with(&long), host.with(&long)), ((200, "-"), (200, "-")));
    assert_eq!((host.gate.memory().hits, host.gate.memory().entries), (0, 0));
}

/// Neither what was refused nor what was only asked for.
#[test]
fn nothing_is_kept_that_was_not_verified() {
    let mut host = Host::new(&of_a_secret(&json!({})));
    let bad = sign(claims(&json!({})), portcullis_tests::OTHER_SECRET);
    let expired = sign(claims(&json!({"exp": NOW - 1})), SECRET);
    for token in [&bad, &expired, "a.b.c", "opaque"] {
        assert_eq!(host.with(token).0, 401);
    }
    assert_eq!(host.gate.memory().entries, 0);
    let a = Signer::new("a");
    let mut host = Host::new(&by_url());
    assert_eq!(host.with(&a.token("alice")).0, 503);
    assert_eq!(host.gate.memory().entries, 0);
}

#[test]
fn keys_that_have_ended_end_what_they_verified() {
    let a = Signer::new("a");
    let document = fetching(&json!({"url": KEYS, "stale_secs": 0}), &json!({}));
    let mut host = Host::serving(&document, &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!((host.with(&a.token("alice")), host.with(&a.token("alice"))), ((200, "-"), (200, "-")));
    host.pages.clear();
    host.now += 600;
    assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"));
}

/// Who asks about a token alone learns what a request with it would.
#[test]
fn a_token_alone_is_remembered_as_one_in_a_request_is() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    host.tick();
    let token = a.token("alice");
    let verify = |host: &mut Host, token: &str| {
        let now = host.time();
        host.gate.verify(token, now).map(|_| ()).map_err(|error| error.reason().code())
    };
    let memory = |host: &Host| (host.gate.memory().hits, host.gate.memory().entries);
    assert_eq!((verify(&mut host, &token), memory(&host)), (Ok(()), (0, 1)));
    assert_eq!((verify(&mut host, &token), memory(&host)), (Ok(()), (1, 1)));
    assert_eq!((host.with(&token), memory(&host)), ((200, "-"), (2, 1)));
    // Another signature, and another text of the same token, are not what is remembered.
    let bobs = a.token("bob");
    let (text, (_, signature)) = (bobs.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap());
    assert_eq!(verify(&mut host, &format!("{text}.{signature}")), Err("signature_invalid"));
    assert_eq!(verify(&mut host, &format!("{token}=")), Err("token_malformed"));
    // It ends with its keys.
    host.serve(KEYS, Page::keys(&[&b]));
    host.now += 700;
    host.tick();
    assert!(verify(&mut host, &token).is_err());
    // And with its time.
    let mut host = Host::new(&of_a_secret(&json!({})));
    let token = sign(claims(&json!({})), SECRET);
    assert_eq!((verify(&mut host, &token), verify(&mut host, &token)), (Ok(()), Ok(())));
    host.now = NOW + 600;
    assert_eq!((verify(&mut host, &token), host.gate.memory().entries), (Err("token_expired"), 0));
}

/// A gate keeps what it knows to itself, and what is pinned is only what is known.
#[test]
fn a_pinned_gate_has_the_keys_of_its_time() {
    let a = Signer::new("a");
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    let time = host.time();
    assert!(host.gate.pinned(time).verify(&a.token("alice"), time).is_err());
    host.tick();
    assert!(host.gate.pinned(time).verify(&a.token("alice"), time).is_ok());
    assert!(load(&by_url()).verify(&a.token("alice"), time).is_err());
}
