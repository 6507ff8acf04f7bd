//! `portcullis explain` as a user reads it: what is shown, what is not, and what would let a request in.

use std::process::Output;

use crate::common::{Folder, assert_code, json, run, text};
use jwt_simple::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// 2026-11-22T00:00:00Z
const NOW: u64 = 1_795_305_600;

/// A folder with a configuration of two keys, bound routes and roles that deny.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("secrets.env", format!("A={SECRET}\nB=ff{SECRET}\n"));
    let document = json!({
        "profile": "generic",
        "issuers": [{
            "issuer": "https://idp.example", "audience": ["api", "other-api"], "leeway_secs": 10, "max_age_secs": 3600,
            "required_claims": ["/email"],
            "keys": [
                {"kid": "new", "alg": "HS256", "secret": {"env": "A"}},
                {"kid": "old", "alg": "HS384", "secret": {"env": "B"}, "accepted_until": "2026-11-21T00:00:00Z"},
            ],
        }],
        "policy": {
            "roles": {
                "reader": {"permissions": ["c:read", "d:read"]},
                "writer": {"inherits": ["reader"], "permissions": ["c:write"]},
                "frozen": {"deny": ["c:*"]},
            },
            "routes": {
                "GET /v1/c/{collection}": {"access": "c:read", "where": {"path.collection": "/collections", "query.user": "subject"}},
                "PUT /v1/c/{collection}": "c:write",
                "GET /v1/{rest:path}": "d:read",
                "GET /health": "public",
                "DELETE /v1/c/{collection}": "refused",
            },
        },
    });
    folder.write("portcullis.json", document.to_string());
    folder
}

fn claims(changes: Value) -> Value {
    let mut all = json!({"iss": "https://idp.example", "aud": "api", "sub": "alice", "roles": ["reader", "stranger"],
        "email": "a@example.com", "iat": NOW - 60, "exp": NOW + 600, "collections": ["a", "b"]});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            all.as_object_mut().unwrap().remove(name)
        } else {
            all.as_object_mut().unwrap().insert(name.clone(), value.clone())
        };
    }
    all
}

fn sign(claims: Value, kid: &str) -> String {
    let mut set = Claims::with_custom_claims(claims, Duration::from_secs(1));
    (set.issued_at, set.expires_at, set.invalid_before) = (None, None, None);
    HS256Key::from_bytes(SECRET.as_bytes()).with_key_id(kid).authenticate(set).unwrap()
}

fn explain(folder: &Folder, arguments: &[&str]) -> Output {
    let (config, secrets) = (folder.path("portcullis.json"), folder.path("secrets.env"));
    let fixed = [
        "--config",
        config.to_str().unwrap(),
        "--env-file",
        secrets.to_str().unwrap(),
        "--at",
        &NOW.to_string(),
    ]
    .map(str::to_owned);
    let fixed: Vec<&str> = fixed.iter().map(String::as_str).collect();
    run(&[&["explain"], &fixed[..], arguments].concat())
}

#[test]
fn the_whole_trace() {
    let folder = folder();
    let header = format!("Authorization: Bearer {}", sign(claims(json!({})), "new"));
    let output = explain(&folder, &["-H", &header, "GET /v1/c/%61?user=alice"]);
    assert_code(&output, 0);
    assert_eq!(
        text(&output.stdout),
        "ALLOW  GET /v1/c/%61?user=alice\n  \
         ✓ path         /v1/c/a, with escapes in their one spelling\n  \
         ✓ route        GET /v1/c/{collection}, before GET /v1/{rest:path}\n  \
         ✓ access       asks for c:read\n  \
         ✓ credential   a token, in the Authorization header\n  \
         ✓ header       the token says: alg HS256, kid new, typ JWT\n  \
         ✓ key          `new` (HS256) of https://idp.example (/issuers/0), named by the kid of the token\n  \
         ✓ signature    valid\n  \
         ✓ claim        typ JWT is one of JWT, at+jwt\n  \
         ✓ claim        kind: not marked as another kind of token by nonce, at_hash, c_hash, s_hash, events\n  \
         ✓ claim        iss https://idp.example, as configured\n  \
         ✓ claim        aud api, of which one is accepted: api, other-api\n  \
         ✓ claim        exp 2026-11-22T00:10:00Z, good for 10 minutes more\n  \
         ✓ claim        iat 2026-11-21T23:59:00Z, 1 minute ago\n  \
         ✓ claim        age at most 1 hour\n  \
         ✓ claim        /email is there, as required\n  \
         ✓ claim        subject alice from /sub\n  \
         ✓ claim        roles [\"reader\",\"stranger\"] from /roles\n  \
         ✓ claim        /collections read for bindings\n  \
         ✓ principal    alice with reader; the policy does not know stranger\n  \
         ✓ permission   c:read is given by reader\n  \
         ✓ scopes       none are declared, which narrows nothing\n  \
         ✓ binding      path.collection = /collections holds: the request has `a`, the caller `a`, `b`\n  \
         ✓ binding      query.user = subject holds: the request has `alice`, the caller `alice`\n  \
         ✓ forward      /v1/c/a?user=alice with the caller's own credential\n      \
         set      x-auth-subject: alice\n      \
         set      x-auth-roles: reader\n"
    );
}

#[test]
fn the_shortest_change_that_would_let_it_in() {
    let folder = folder();
    let ask = |changes: Value, kid: &str, request: &str| {
        let header = format!("Authorization: Bearer {}", sign(claims(changes), kid));
        let output = explain(&folder, &["--json", "-H", &header, request]);
        assert_code(&output, 1);
        let value = json(&output);
        (value["reason"].as_str().unwrap().to_owned(), value["remedy"].as_str().unwrap().to_owned())
    };
    let get = "GET /v1/c/a?user=alice";
    for (changes, request, reason, remedy) in [
        (json!({"exp": NOW - 300}), get, "token_expired", "expired 5 minutes ago: issue a new token"),
        (
            json!({"nbf": NOW + 120}),
            get,
            "token_not_yet_valid",
            "valid in 2 minutes: wait, or compare the clocks; even with 10 seconds of leeway",
        ),
        (
            json!({"iat": NOW - 7200}),
            get,
            "token_too_old",
            "issued 2 hours ago, and at most 1 hour are accepted: issue a new token",
        ),
        (
            json!({"aud": ["x", "y"]}),
            get,
            "audience_mismatch",
            "the token's aud is [\"x\",\"y\"]; this gate accepts api, other-api",
        ),
        (
            json!({"aud": null}),
            get,
            "claim_missing",
            "issue the token with an aud; this gate accepts api, other-api",
        ),
        (
            json!({"iss": "https://evil.example"}),
            get,
            "issuer_untrusted",
            "the token's iss is https://evil.example; the issuers are https://idp.example",
        ),
        (json!({"email": null}), get, "claim_missing", "issue the token with the claim `/email`"),
        (
            json!({"roles": 1}),
            get,
            "claim_invalid",
            "issue the token with a string or a list of at most 256, each of 1 to 512 bytes without control characters in `/roles`",
        ),
        (
            json!({"nonce": "n"}),
            get,
            "token_type_mismatch",
            "the claim `nonce` is a mark of an ID token: send the access token, or set \"accept_nonce\" at /issuers/0 if these are access tokens",
        ),
        (
            json!({"roles": ["reader"]}),
            "PUT /v1/c/a",
            "permission_missing",
            "role `reader` lacks `c:write`; roles that have it: writer",
        ),
        (
            json!({"roles": ["writer", "frozen"]}),
            "PUT /v1/c/a",
            "permission_denied",
            "role `frozen` denies `c:write`, whatever others give; roles that have it: writer",
        ),
        (
            json!({"roles": []}),
            get,
            "permission_missing",
            "the caller has no role, and so lacks `c:read`; roles that have it: reader, writer",
        ),
        (
            json!({"scope": "d:read"}),
            get,
            "scope_missing",
            "the token's scopes lack `c:read`; they are: d:read",
        ),
        (
            json!({}),
            "GET /v1/c/z?user=bob",
            "binding_mismatch",
            "path.collection is `z`; the caller is bound to: a, b; query.user is `bob`; the caller is bound to: alice",
        ),
        (
            json!({"collections": null}),
            get,
            "binding_mismatch",
            "path.collection is `a`; the caller is bound to nothing: its token has no /collections",
        ),
        (
            json!({}),
            "GET /v1/c/a",
            "binding_mismatch",
            "query.user is missing; the caller is bound to: alice",
        ),
        (
            json!({}),
            "PATCH /v1/c/a",
            "route_unknown",
            "no route for PATCH here; this path has: DELETE /v1/c/{collection}, GET /v1/c/{collection}, GET /v1/{rest:path}, PUT /v1/c/{collection}",
        ),
        (json!({}), "GET /healht", "route_unknown", "no route; the nearest are: GET /health"),
        (
            json!({}),
            "GET /zzzzzzzzzzzzzzzz",
            "route_unknown",
            "no route, and none that comes close: add one under /policy/routes",
        ),
    ] {
        assert_eq!(ask(changes, "new", request), (reason.to_owned(), remedy.to_owned()), "{request}");
    }
    for (kid, reason, remedy) in [
        ("nobody", "key_unknown", "the token's kid is `nobody`; the keys are `new` (HS256), `old` (HS384)"),
        ("old", "algorithm_not_allowed", "the token's alg is `HS256`, but its key `old` is for HS384"),
    ] {
        assert_eq!(ask(json!({}), kid, get), (reason.to_owned(), remedy.to_owned()));
    }
    let mut retired = Claims::with_custom_claims(claims(json!({})), Duration::from_secs(1));
    (retired.issued_at, retired.expires_at, retired.invalid_before) = (None, None, None);
    let token = HS384Key::from_bytes(format!("ff{SECRET}").as_bytes())
        .with_key_id("old")
        .authenticate(retired)
        .unwrap();
    let output = explain(&folder, &["--json", "-H", &format!("Authorization: Bearer {token}"), get]);
    let value = json(&output);
    assert_eq!(
        (value["reason"].as_str(), value["remedy"].as_str()),
        (
            Some("key_unknown"),
            Some(
                "no longer accepted: `old` (HS384), until 1 day ago; issue a new token, signed with a key that is: `new` (HS256)"
            )
        )
    );
    let output = explain(&folder, &["--json", "DELETE /v1/c/a"]);
    assert_eq!(
        json(&output)["remedy"].as_str().unwrap().split(':').next(),
        Some("DELETE /v1/c/{collection} is refused to everybody")
    );
}

#[test]
fn no_credential_is_shown() {
    let folder = folder();
    let token = sign(claims(json!({"exp": NOW - 300})), "new");
    let bound = json!({"profile": "agentflow", "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "A"}}]}],
        "policy": {"roles": {"reader": {"permissions": ["*"]}}, "routes": {
            "GET /s": {"access": "a:b", "where": {"header.X-A": "/a", "query.t": "/a"}}}}});
    folder.write("portcullis.json", bound.to_string());
    let good = sign(json!({"user_id": "a", "role": "reader", "exp": NOW + 60, "a": ["x"]}), "k");
    for token in [&token, &good] {
        let bearer = format!("Authorization: Bearer {token}");
        let (socket, query, twice) = (
            format!("GET /v1/graph/ws?token={token}"),
            format!("GET /s?%74oken={token}"),
            format!("GET /s?token={token}&token={token}"),
        );
        for arguments in [
            &["-H", "Connection: Upgrade", "-H", "Upgrade: websocket", &socket][..],
            &["-H", &bearer, "GET /s"],
            &["-H", &bearer, &query],
            &["-H", &bearer, &twice],
            &["-H", &bearer, "-H", &bearer, "GET /s"],
        ] {
            for format in [&[][..], &["--json"]] {
                let output = explain(&folder, &[format, arguments].concat());
                assert!(output.status.code().is_some_and(|code| code < 2));
                let shown = [text(&output.stdout), text(&output.stderr)].concat();
                for part in token.split('.') {
                    assert!(!shown.contains(part), "{arguments:?}: {shown}");
                }
            }
        }
    }
    let socket = format!("GET /v1/graph/ws?token={good}&x=%1b[2J");
    let output = explain(&folder, &["-H", "Connection: Upgrade", "-H", "Upgrade: websocket", &socket]);
    assert!(text(&output.stdout).contains(" GET /v1/graph/ws?token=…&x=%1b[2J"), "{}", text(&output.stdout));
    // What a caller writes moves no cursor and begins no line of its own.
    let evil = sign(json!({"user_id": "a", "role": "r\u{202e}\n  ✓ forward", "exp": NOW + 60}), "k");
    let output = explain(&folder, &["-H", &format!("Authorization: Bearer {evil}"), "GET /\u{1b}]0;x\u{7}"]);
    assert!(!text(&output.stdout).contains(['\u{1b}', '\u{7}', '\u{202e}']));
    assert!(!text(&output.stdout).lines().any(|line| line == "  ✓ forward"));
}

#[test]
fn a_body_that_is_not_needed_is_said_to_be() {
    let folder = folder();
    let body = folder.write("body.json", "{}");
    let output = explain(&folder, &["--body", &body, "GET /health"]);
    assert_code(&output, 0);
    assert_eq!(text(&output.stderr), "note: --body: the decision does not depend on the body\n");
    assert_code(&explain(&folder, &["--body", "absent.json", "GET /health"]), 2);
}

/// Bodies, hosts and report mode, in one configuration.
fn bound_to_bodies(mode: &str) -> Folder {
    let folder = Folder::new();
    folder.write("secrets.env", format!("A={SECRET}\n"));
    let document = json!({
        "profile": "generic",
        "mode": mode,
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "A"}}]}],
        "policy": {
            "roles": {"reader": {"permissions": ["s:read"]}},
            "routes": {
                "POST /s": {"access": "s:read", "where": {"body./collection_id": "/collections", "query.user": "subject"}},
                "GET /h": {"access": "s:read", "hosts": ["api.example.com"]},
            },
        },
    });
    folder.write("portcullis.json", document.to_string());
    folder
}

fn reader() -> String {
    let claims = json!({"sub": "alice", "roles": ["reader"], "exp": NOW + 600, "collections": ["a", "b"]});
    format!("Authorization: Bearer {}", sign(claims, "k"))
}

#[test]
fn a_member_of_the_body_is_compared() {
    let folder = bound_to_bodies("enforce");
    let ask = |body: Option<&str>, target: &str| {
        let body = body.map(|body| folder.write("body.json", body));
        let authorization = reader();
        let mut arguments = vec!["-H", &authorization, "-H", "Content-Type: application/json"];
        if let Some(body) = &body {
            arguments.extend(["--body", body]);
        }
        arguments.push(target);
        explain(&folder, &arguments)
    };
    let output = ask(Some(r#"{"collection_id": "b"}"#), "POST /s?user=alice");
    assert_code(&output, 0);
    let words = text(&output.stdout);
    let lines: Vec<&str> = words.lines().filter(|line| line.contains(" binding ")).collect();
    assert_eq!(
        lines,
        [
            "  ✓ binding      query.user = subject holds: the request has `alice`, the caller `alice`",
            "  ✓ binding      body./collection_id = /collections holds: the request has `b`, the caller `a`, `b`",
        ]
    );
    for (body, target, remedy) in [
        (
            Some(r#"{"collection_id": "c"}"#),
            "POST /s?user=alice",
            "body./collection_id is `c`; the caller is bound to: a, b",
        ),
        (
            Some(r#"{"collection_id": "c"}"#),
            "POST /s?user=bob",
            "query.user is `bob`; the caller is bound to: alice",
        ),
        (Some("{}"), "POST /s?user=alice", "body./collection_id is missing; the caller is bound to: a, b"),
        (Some("{"), "POST /s?user=alice", "send one JSON text in which no object names a member twice"),
        (None, "POST /s?user=alice", "give the body with --body FILE"),
    ] {
        let output = ask(body, target);
        assert_code(&output, 1);
        let words = text(&output.stdout);
        assert!(words.ends_with(&format!("  → {remedy}\n")) || words.contains(remedy), "{words}");
    }
    let output = ask(None, "POST /s?user=alice");
    assert!(
        text(&output.stderr).contains("note: the decision depends on the body; give it with --body FILE")
    );
}

#[test]
fn a_route_of_another_host_is_named() {
    let folder = bound_to_bodies("enforce");
    assert_code(&explain(&folder, &["-H", &reader(), "-H", "Host: api.example.com", "GET /h"]), 0);
    let output = explain(&folder, &["-H", &reader(), "-H", "Host: other.example.com", "GET /h"]);
    assert_code(&output, 1);
    let remedy = "  → GET /h is served for the hosts api.example.com alone: send `Host` accordingly\n";
    assert!(text(&output.stdout).ends_with(remedy), "{}", text(&output.stdout));
}

#[test]
fn a_refusal_that_is_only_reported_is_one_all_the_same() {
    let folder = bound_to_bodies("report");
    let output = explain(&folder, &["-H", "X-Auth-Subject: root", "GET /h"]);
    assert_code(&output, 1);
    let words = text(&output.stdout);
    assert!(
        words.starts_with("DENY   GET /h → 401 credential_missing, but only reported: it goes on\n"),
        "{words}"
    );
    assert!(words.contains("✗ refused") && words.contains("✓ report"), "{words}");
    assert!(words.contains("      remove   x-auth-subject\n"), "{words}");
    let explanation = crate::common::json(&explain(&folder, &["--json", "GET /h"]));
    let told =
        ["decision", "reported", "status", "reason", "target"].map(|member| explanation[member].clone());
    assert_eq!(told, [json!("deny"), json!(true), json!(401), json!("credential_missing"), json!("/h")]);
}

#[test]
fn which_key_of_the_origin_is_sent() {
    let folder = Folder::new();
    let document = json!({
        "profile": "ragflow",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "SECRET"}}]}],
        "upstream": {"credential": "swap", "origin_key": [
            {"tenant": "acme", "key": {"env": "ACME_KEY"}}, {"role": "admin", "key": {"env": "ADMIN_KEY"}}]},
    });
    let (acme, admin) = ("5c5c5c5c36363636a0a0a0a0b1b1b1b1", "00112233445566778899aabbccddeeff");
    folder.write("portcullis.json", document.to_string());
    folder.write("secrets.env", format!("SECRET={SECRET}\nACME_KEY={acme}\nADMIN_KEY={admin}\n"));
    let ask = |claims: Value| {
        let mut all = json!({"sub": "alice", "exp": NOW + 60});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let header = format!("Authorization: Bearer {}", sign(all, "k"));
        let output = explain(&folder, &["-H", &header, "GET /api/v1/datasets"]);
        let shown = [text(&output.stdout), text(&output.stderr)].concat();
        assert!(!shown.contains(acme) && !shown.contains(admin), "{shown}");
        (output.status.code(), shown)
    };
    for (claims, key) in [
        (json!({"tenant": "acme", "roles": ["admin"]}), "ACME_KEY"),
        (json!({"tenant": "globex", "roles": ["admin"]}), "ADMIN_KEY"),
    ] {
        let (code, shown) = ask(claims);
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains(&format!("/api/v1/datasets with the origin's own key {key}\n")), "{shown}");
    }
    let (code, shown) = ask(json!({"tenant": "globex", "roles": ["user"]}));
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        shown.contains("refused      origin_key_missing: no key of the origin's own is for the principal"),
        "{shown}"
    );
    assert!(
        shown.contains(
            "no entry of /upstream/origin_key is for the subject \"alice\", of the tenant \"globex\", with the roles user: \
             add one, or a last one without `subject`, `tenant` and `role` for everybody else"
        ),
        "{shown}"
    );
}
