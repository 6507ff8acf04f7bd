//! Callers that only somebody else knows.

use portcullis::CallTarget;
use portcullis::limits::{ASK_SECS, REPLY_BYTES};
use portcullis_tests::{NOW, outcome};
use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, Signer, call, fetching};

fn asking(identity: &Value) -> String {
    fetching(&json!({"url": KEYS}), &json!({"identity": identity}))
}

/// Asked about opaque credentials; superusers are admins.
fn of_origin() -> Value {
    json!({"ask": "/me", "active": {"/active": true}, "subject": "/id", "no_secs": 5, "expires_at": "/exp",
        "roles": [{"at": "/super", "map": {"true": ["admin"], "false": ["user"]}}]})
}

fn answering(page: Page) -> Host {
    Host::serving(&asking(&of_origin()), &[("origin/me", page)])
}

fn deleting(host: &mut Host, credential: &str) -> (u16, &'static str) {
    let verdict = host.verdict("DELETE", "/x", &[("authorization", &format!("Bearer {credential}"))]);
    outcome(&verdict)
}

#[test]
fn the_answer_says_who_it_is_and_what_they_may() {
    let page = |superuser: bool| Page::json(&json!({"id": "alice", "active": true, "super": superuser}));
    let mut host = answering(page(false));
    assert_eq!(host.with("opaque"), (200, "-"));
    assert_eq!(deleting(&mut host, "opaque"), (403, "permission_missing"));
    let asked = host.last.clone().unwrap();
    assert_eq!((asked.method(), asked.target()), ("GET", &CallTarget::Origin("/me".to_owned())));
    assert_eq!(asked.timeout_secs(), ASK_SECS);
    assert!(asked.headers().contains(&("authorization".to_owned(), "Bearer opaque".to_owned())));
    assert!(!format!("{asked:?}").contains("opaque"));
    assert_eq!(host.sent.len(), 1);
    // Promoted: seen half a minute later, and not before.
    host.serve("origin/me", page(true));
    host.now += 29;
    assert_eq!(deleting(&mut host, "opaque"), (403, "permission_missing"));
    host.now += 1;
    assert_eq!(deleting(&mut host, "opaque"), (200, "-"));
    assert_eq!(host.sent.len(), 2);
}

#[test]
fn a_no_is_remembered_for_a_shorter_time() {
    let mut host = answering(Page::new(401, "text/html", "<html>no"));
    assert_eq!(host.with("opaque"), (401, "credential_rejected"));
    host.serve("origin/me", Page::json(&json!({"id": "alice", "active": true})));
    host.now += 4;
    assert_eq!(host.with("opaque"), (401, "credential_rejected"));
    host.now += 1;
    assert_eq!(host.with("opaque"), (200, "-"));
    // And a clock that went back ends either.
    host.serve("origin/me", Page::new(401, "text/html", "<html>no"));
    host.now -= 60;
    assert_eq!(host.with("opaque"), (401, "credential_rejected"));
}

#[test]
fn what_is_no_answer_lets_nobody_in_and_is_no_word_about_anybody() {
    let good = json!({"id": "alice", "active": true, "super": false});
    let with = |name: &str, value: Value| {
        let mut answer = good.clone();
        answer[name] = value;
        Page::json(&answer)
    };
    let without = |name: &str| {
        let mut answer = good.clone();
        answer.as_object_mut().unwrap().remove(name);
        Page::json(&answer)
    };
    let kind = "application/json";
    let unavailable = (503, "ask_unavailable");
    let rejected = (401, "credential_rejected");
    for (name, page, expected) in [
        ("nobody there", None, unavailable),
        ("HTML", Some(Page::new(200, "text/html", "<html>")), unavailable),
        ("JSON that says it is HTML", Some(Page::new(200, "text/html", good.to_string())), unavailable),
        ("HTML that says it is JSON", Some(Page::new(200, kind, "<html>")), unavailable),
        ("cut off", Some(Page::new(200, kind, &good.to_string().as_bytes()[..20])), unavailable),
        ("nothing", Some(Page::new(200, kind, "")), unavailable),
        ("too long", Some(Page::new(200, kind, format!("{good}{}", " ".repeat(REPLY_BYTES)))), unavailable),
        ("10 MB", Some(Page::new(200, kind, vec![b' '; 10_000_000])), unavailable),
        ("deep", Some(with("x", json!([[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]))), unavailable),
        (
            "a redirect",
            Some(Page::new(302, kind, good.to_string()).with_header("Location", "/login")),
            unavailable,
        ),
        ("an error", Some(Page::new(500, kind, good.to_string())), unavailable),
        ("busy", Some(Page::new(429, kind, good.to_string())), unavailable),
        ("another path", Some(Page::new(404, kind, good.to_string())), unavailable),
        ("unauthorized", Some(Page::new(401, kind, good.to_string())), rejected),
        ("forbidden", Some(Page::new(403, kind, good.to_string())), rejected),
        ("a list", Some(Page::json(&json!([good]))), unavailable),
        (
            "a member twice",
            Some(Page::new(200, kind, "{\"id\":\"a\",\"id\":\"b\",\"active\":true}")),
            unavailable,
        ),
        ("not active", Some(with("active", json!(false))), rejected),
        ("active as text", Some(with("active", json!("true"))), rejected),
        ("nothing about active", Some(without("active")), unavailable),
        ("no subject", Some(without("id")), unavailable),
        ("an empty subject", Some(with("id", json!(""))), unavailable),
        ("a subject of null", Some(with("id", json!(null))), unavailable),
        ("a subject of several", Some(with("id", json!(["alice"]))), unavailable),
        ("a subject that is a key", Some(with("id", json!("key:ci"))), unavailable),
        ("a subject that is a key in capitals", Some(with("id", json!("KEY:ci"))), unavailable),
        ("a subject with a line end", Some(with("id", json!("alice\n"))), unavailable),
        ("a long subject", Some(with("id", json!("a".repeat(513)))), unavailable),
        ("expired", Some(with("exp", json!(NOW))), rejected),
        ("an end as text", Some(with("exp", json!("tomorrow"))), unavailable),
        ("an end after the year 9999", Some(with("exp", json!(253_402_300_800_u64))), unavailable),
        ("an end before the epoch", Some(with("exp", json!(-1))), unavailable),
        ("roles in an object", Some(with("super", json!({}))), unavailable),
    ] {
        let mut host = Host::new(&asking(&of_origin()));
        if let Some(page) = page {
            host.serve("origin/me", page);
        }
        assert_eq!(host.with("opaque"), expected, "{name}");
        assert_eq!(host.gate.memory().entries, usize::from(expected == rejected), "{name}");
        // Nothing is left of it.
        host.now += 5;
        host.serve("origin/me", Page::json(&good));
        assert_eq!(host.with("opaque"), (200, "-"), "{name}");
    }
    let spaces = " ".repeat(REPLY_BYTES - good.to_string().len());
    let mut longest = answering(Page::new(200, kind, format!("{good}{spaces}")));
    assert_eq!(longest.with("opaque"), (200, "-"));
}

#[test]
fn a_yes_counts_no_longer_than_the_credential() {
    let mut host = answering(Page::json(&json!({"id": "alice", "active": true, "exp": NOW + 10})));
    assert_eq!(host.with("opaque"), (200, "-"));
    host.now += 9;
    assert_eq!(host.with("opaque"), (200, "-"));
    assert_eq!(host.sent.len(), 1);
    host.now += 1;
    assert_eq!(host.with("opaque"), (401, "credential_rejected"));
    assert_eq!(host.sent.len(), 2);
}

#[test]
fn roles_are_what_the_map_says_and_no_others() {
    let identity = |roles: Value| json!({"ask": "/me", "subject": "/id", "roles": roles});
    let delete = |identity: Value, answer: Value| {
        let mut host = Host::serving(&asking(&identity), &[("origin/me", Page::json(&answer))]);
        deleting(&mut host, "opaque")
    };
    let (yes, no) = ((200, "-"), (403, "permission_missing"));
    let map = json!([{"at": "/level", "map": {"9": ["admin"], "root": ["admin"], "true": ["admin"]}}]);
    for (level, expected) in [
        (json!(9), yes),
        (json!("9"), yes),
        (json!("root"), yes),
        (json!(true), yes),
        (json!(["user", "root"]), yes),
        (json!(8), no),
        (json!("admin"), no),
        (json!("Root"), no),
        (json!(false), no),
        (json!(null), no),
        (json!([]), no),
    ] {
        let said = delete(identity(map.clone()), json!({"id": "alice", "level": level}));
        assert_eq!(said, expected, "{level}");
    }
    assert_eq!(delete(identity(json!(["/roles"])), json!({"id": "a", "roles": ["admin"]})), yes);
    assert_eq!(delete(identity(json!(["/a", "/b"])), json!({"id": "a", "a": "user", "b": "admin"})), yes);
    assert_eq!(delete(identity(json!(["/roles"])), json!({"id": "a", "roles": ["nobody"]})), no);
    let mut limited = identity(json!(["/roles"]));
    limited["permitted_roles"] = json!(["user"]);
    assert_eq!(delete(limited, json!({"id": "a", "roles": ["admin", "user"]})), no);
}

#[test]
fn credentials_that_are_bad_without_asking_are_not_asked_about() {
    let a = Signer::new("a");
    let mut host = answering(Page::json(&json!({"id": "alice", "active": true})));
    host.serve(KEYS, Page::keys(&[&a]));
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    let expired = a.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW - 1}));
    for token in
        [expired, Signer::new("a").token("alice"), Signer::new("b").token("alice"), "a".repeat(20_000)]
    {
        assert_eq!(host.with(&token).0, 401);
    }
    // Cut off, it is still a token of somebody's.
    let cut = a.token("alice");
    for token in [&cut[..cut.rfind('.').unwrap()], &cut[..cut.find('.').unwrap()], &format!("{cut}.x")] {
        assert_eq!(host.with(token).0, 401, "{token}");
    }
    for key in ["pc_live_abc_def_0000", "pc_x"] {
        assert_eq!(
            host.verdict("GET", "/x", &[("x-api-key", key)]).diagnostics.reason.unwrap().status(),
            401,
            "{key}"
        );
    }
    assert_eq!(host.count("origin/me"), 0);
    // A key of the origin's is.
    assert_eq!(outcome(&host.verdict("GET", "/x", &[("x-api-key", "origin-key")])), (200, "-"));
    assert!(host.last.unwrap().headers().contains(&("x-api-key".to_owned(), "origin-key".to_owned())));
}

#[test]
fn what_a_token_does_not_say_is_asked_about_its_own_subject() {
    let a = Signer::new("a");
    let mut identity = of_origin();
    identity["about"] = json!(["tokens"]);
    let document = asking(&identity);
    let serving = |answer: &Value| {
        Host::serving(&document, &[(KEYS, Page::keys(&[&a])), ("origin/me", Page::json(answer))])
    };
    let token = a.token("alice");
    let mut host = serving(&json!({"id": "alice", "active": true, "super": true}));
    assert_eq!(deleting(&mut host, &token), (200, "-"));
    assert_eq!(deleting(&mut host, &token), (200, "-"));
    assert_eq!(host.count("origin/me"), 1);
    assert_eq!(host.with("opaque").0, 401);
    // The token ends while the answer is remembered.
    let short = a.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 3}));
    assert_eq!(deleting(&mut host, &short), (200, "-"));
    host.now += 3;
    assert_eq!(deleting(&mut host, &short), (401, "token_expired"));

    // SECURITY: the roles of somebody else.
    let mut host = serving(&json!({"id": "root", "active": true, "super": true}));
    for _ in 0..2 {
        assert_eq!(deleting(&mut host, &token), (503, "ask_unavailable"));
    }
    // Locked out since the token was issued.
    let mut host = serving(&json!({"id": "alice", "active": false}));
    assert_eq!(host.with(&token), (401, "credential_rejected"));
    // Whoever has to be asked and cannot be is not let in with what the token says.
    let mut host = Host::serving(&document, &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&token), (503, "ask_unavailable"));
    // A token that ends while somebody is asked about it.
    let mut host = serving(&json!({"id": "alice", "active": true, "super": true}));
    host.tick();
    let step = host.begin_with(&a.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 1})));
    let need = call(step);
    let page = host.send(need.call());
    host.now += 1;
    let step = host.answer(need, page.as_ref());
    assert_eq!(outcome(&host.finish(step)), (401, "token_expired"));
}

#[test]
fn an_introspection_endpoint_is_asked_by_the_gate_itself() {
    let url = "https://idp.example/introspect";
    let identity = json!({"kind": "introspection", "ask": url, "client": {"id": "the gate", "secret": {"env": "OTHER"}}});
    let mut host = Host::serving(
        &asking(&identity),
        &[(url, Page::json(&json!({"active": true, "sub": "alice", "scope": "x:read", "exp": NOW + 60})))],
    );
    assert_eq!(host.with("opaque~+/="), (200, "-"));
    assert_eq!(deleting(&mut host, "opaque~+/="), (403, "permission_missing"));
    let asked = host.last.take().unwrap();
    assert_eq!((asked.method(), asked.body()), ("POST", "token=opaque%7E%2B%2F%3D"));
    let basic = asked.headers().iter().find(|(name, _)| name == "authorization").unwrap();
    assert!(basic.1.starts_with("Basic "), "{basic:?}");
    assert!(!asked.headers().iter().any(|(_, value)| value.contains("opaque")));
    for (page, expected) in [
        (Page::json(&json!({"active": false})), (401, "credential_rejected")),
        (Page::json(&json!({"active": "true", "sub": "a"})), (401, "credential_rejected")),
        (Page::json(&json!({"sub": "alice"})), (503, "ask_unavailable")),
        (Page::json(&json!({"active": true})), (503, "ask_unavailable")),
        (Page::json(&json!({"active": true, "sub": "a", "exp": NOW - 1})), (401, "credential_rejected")),
        // The gate itself is not known there: nothing is said about the caller.
        (Page::new(401, "application/json", "{}"), (503, "ask_unavailable")),
        (Page::new(403, "application/json", "{}"), (503, "ask_unavailable")),
    ] {
        let mut host = Host::serving(&asking(&identity), &[(url, page)]);
        assert_eq!(host.with("opaque"), expected);
    }
}

#[test]
fn a_verify_call_is_given_the_credential_as_json() {
    let url = "https://idp.example/verify";
    let identity = json!({"kind": "verify", "ask": url, "subject": "/user_id", "active": {"/valid": true},
        "subject_prefix": "idp:", "roles": ["/role"]});
    let answer = json!({"valid": true, "user_id": 7, "role": "admin"});
    let mut host = Host::serving(&asking(&identity), &[(url, Page::json(&answer))]);
    let verdict = host.verdict("DELETE", "/x", &[("authorization", "Bearer abc-123")]);
    assert_eq!(outcome(&verdict), (200, "-"));
    assert_eq!(verdict.diagnostics.principal.unwrap().subject(), "idp:7");
    let asked = host.last.take().unwrap();
    assert_eq!((asked.method(), asked.body()), ("POST", r#"{"token":"abc-123"}"#));
    let mut host = Host::serving(&asking(&identity), &[(url, Page::new(404, "text/plain", "no such token"))]);
    assert_eq!(host.with("abc-123"), (401, "credential_rejected"));
    // The name of a key is not one behind a prefix either: an origin may know it without.
    let key = Page::json(&json!({"valid": true, "user_id": "key:ci", "role": "admin"}));
    let mut host = Host::serving(&asking(&identity), &[(url, key)]);
    assert_eq!(host.with("abc-123"), (503, "ask_unavailable"));
}

#[test]
fn the_credential_is_given_in_the_form_that_is_written() {
    let url = "https://idp.example/verify";
    for (credential, body) in [
        (json!({"json": "access_token"}), r#"{"access_token":"abc-123"}"#),
        (json!({"form": "access token"}), "access%20token=abc-123"),
    ] {
        let identity = json!({"kind": "verify", "ask": url, "subject": "/id", "credential": credential});
        let mut host = Host::serving(&asking(&identity), &[(url, Page::json(&json!({"id": "alice"})))]);
        assert_eq!(host.with("abc-123"), (200, "-"));
        assert_eq!(host.last.take().unwrap().body(), body);
    }
    let identity = json!({"ask": url, "subject": "/id", "credential": "as_sent"});
    let mut host = Host::serving(&asking(&identity), &[(url, Page::json(&json!({"id": "alice"})))]);
    assert_eq!(host.with("abc-123"), (200, "-"));
    for bad in [
        json!("json"),
        json!({}),
        json!({"json": "a", "form": "b"}),
        json!({"header": "a"}),
        json!({"json": 1}),
    ] {
        let document = asking(&json!({"kind": "verify", "ask": url, "subject": "/id", "credential": bad}));
        let errors = portcullis_tests::try_load(document, &portcullis_tests::Env::standard()).unwrap_err();
        let errors: Vec<_> = errors.iter().map(|error| error.pointer.clone()).collect();
        assert!(errors.len() == 1 && errors[0].starts_with("/identity/credential"), "{bad}: {errors:?}");
    }
}

/// R2R as it is known: its API keys get in, and superusers are whom its database says.
#[test]
fn the_origin_r2r() {
    let document = json!({"profile": "r2r", "identity": "origin",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]});
    let me = |email: &str, superuser: bool, active: bool| {
        Page::json(&json!({"results": {"id": "2acb499e-8428-543b-bd85-0d9098718220", "email": email,
            "is_active": active, "is_superuser": superuser, "hashed_password": "x"}}))
    };
    let address = "origin/v3/users/me";
    let key = "key_kPzqU5e2Sg6T2uWqz0hXSg==.AzCx0bN1c2V5c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmU=";
    let mut host = Host::serving(&document.to_string(), &[(address, me("ann@example.com", false, true))]);
    for headers in [("x-api-key", key.to_owned()), ("authorization", format!("Bearer {key}"))] {
        let verdict = host.verdict("POST", "/v3/retrieval/search", &[(headers.0, &headers.1)]);
        assert_eq!(outcome(&verdict), (200, "-"));
        assert_eq!(verdict.diagnostics.principal.unwrap().subject(), "ann@example.com");
        let verdict = host.verdict("GET", "/v3/system/settings", &[(headers.0, &headers.1)]);
        assert_eq!(outcome(&verdict), (403, "permission_missing"));
    }
    let claims = json!({"sub": "ann@example.com", "token_type": "access", "exp": NOW + 3600});
    let bearer = format!("Bearer {}", portcullis_tests::sign(claims, portcullis_tests::SECRET));
    let settings = |host: &mut Host| {
        let verdict = host.verdict("GET", "/v3/system/settings", &[("authorization", &bearer)]);
        outcome(&verdict)
    };
    assert_eq!(settings(&mut host), (403, "permission_missing"));
    host.serve(address, me("ann@example.com", true, true));
    host.now += 30;
    assert_eq!(settings(&mut host), (200, "-"));
    host.serve(address, me("ann@example.com", true, false));
    host.now += 29;
    assert_eq!(settings(&mut host), (200, "-"));
    host.now += 1;
    assert_eq!(settings(&mut host), (401, "credential_rejected"));
    host.serve(address, me("root@example.com", true, true));
    host.now += 5;
    assert_eq!(settings(&mut host), (503, "ask_unavailable"));
    // A policy whose roles are others says so when it is loaded.
    let mut other = document;
    other["policy"] = json!({"roles": {"reader": {"permissions": ["documents:read"]}}});
    let errors =
        portcullis_tests::try_load(other.to_string(), &portcullis_tests::Env::standard()).unwrap_err();
    let errors: Vec<_> =
        errors.iter().map(|error| (error.pointer.as_str(), error.message.as_str())).collect();
    assert!(
        errors.iter().any(|(at, text)| *at == "/identity" && text.contains("the role \"user\"")),
        "{errors:?}"
    );
}
