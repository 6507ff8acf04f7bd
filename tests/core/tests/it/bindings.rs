//! Bindings: `where` keeps each caller to its own collections, tenants and identifiers.

use portcullis::{Decision, Gate, HeaderPair, Reason, RequestHead, Step, UnixTime};
use portcullis_tests::{Env, NOW, SECRET, sign, try_load};
use serde_json::{Value, json};

fn gate(routes: &Value) -> Result<Gate, String> {
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {"roles": {"reader": {"permissions": ["*"]}}, "routes": routes},
    });
    try_load(document.to_string().as_bytes(), &Env::standard()).map_err(|errors| errors.to_string())
}

/// Why the caller with these claims is refused, or `None`.
fn ask(gate: &Gate, claims: &Value, target: &str, headers: &[(&str, &str)]) -> Option<Reason> {
    let mut all = json!({"sub": "alice", "roles": ["reader"], "exp": NOW + 60});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let bearer = format!("Bearer {}", sign(all, SECRET));
    let mut pairs = vec![HeaderPair::new("authorization", bearer.as_str())];
    pairs.extend(headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)));
    let Step::Verdict(verdict) =
        gate.begin(&RequestHead::new("GET", target, &pairs), UnixTime::from_secs(NOW))
    else {
        panic!("nothing is needed")
    };
    match verdict.decision {
        Decision::Allow(forward) => {
            assert!(verdict.diagnostics.reason.is_none() && forward.target.split('?').next() != Some(""));
            None
        }
        Decision::Deny(answer) | Decision::Answer(answer) => {
            assert!(answer.status == 403 || answer.status == 401, "{answer:?}");
            assert!(!answer.body.contains("secret-collection"), "a refusal tells nothing");
            verdict.diagnostics.reason
        }
    }
}

const MISMATCH: Option<Reason> = Some(Reason::BindingMismatch);

#[test]
fn a_path_parameter_is_one_of_the_callers_own() {
    let gate = gate(&json!({
        "GET /c/{collection}/d/{id}": {"access": "c:read", "where": {"path.collection": "/collections"}},
        "GET /c/{collection}/open": "c:read",
    }))
    .unwrap();
    let own = json!({"collections": ["a", "b c", "ünï", "7"]});
    for (path, expected) in [
        ("/c/a/d/1", None),
        ("/c/%61/d/1", None),
        ("/c/b%20c/d/1", None),
        ("/c/%C3%BCn%C3%AF/d/1", None),
        ("/c/7/d/1", None),
        ("//c//a/d/1", None),
        ("/c/x/../a/d/1", None),
        ("/c/z/d/1", MISMATCH),
        ("/c/A/d/1", MISMATCH),
        ("/c/a%20/d/1", MISMATCH),
        ("/c/b+c/d/1", MISMATCH),
        ("/c/secret-collection/d/a", MISMATCH),
        ("/c/a/../z/d/1", MISMATCH),
        ("/c/z/open", None),
    ] {
        assert_eq!(ask(&gate, &own, path, &[]), expected, "{path}");
    }
    for (claims, expected) in [
        (json!({"collections": "a"}), None),
        (json!({"collections": ["a"]}), None),
        (json!({"collections": []}), MISMATCH),
        (json!({"collections": null}), MISMATCH),
        (json!({}), MISMATCH),
        (json!({"collections": ["b"]}), MISMATCH),
        (json!({"collections": [["a"]]}), Some(Reason::ClaimInvalid)),
        (json!({"collections": {"a": true}}), Some(Reason::ClaimInvalid)),
        (json!({"collections": true}), Some(Reason::ClaimInvalid)),
        (json!({"collections": [""]}), Some(Reason::ClaimInvalid)),
    ] {
        assert_eq!(ask(&gate, &claims, "/c/a/d/1", &[]), expected, "{claims}");
    }
    assert_eq!(ask(&gate, &json!({"collections": 7}), "/c/7/d/1", &[]), None);
}

#[test]
fn a_query_parameter_is_there_once_however_it_is_spelled() {
    let gate = gate(&json!({"GET /s": {"access": "s:read", "where": {"query.user_id": "subject"}}})).unwrap();
    for (query, expected) in [
        ("?user_id=alice", None),
        ("?a=1&user_id=alice&b", None),
        ("?user%5Fid=%61lice", None),
        ("", MISMATCH),
        ("?", MISMATCH),
        ("?user_id", MISMATCH),
        ("?user_id=", MISMATCH),
        ("?user_id=bob", MISMATCH),
        ("?user_id=alice&user_id=bob", MISMATCH),
        ("?user_id=alice&user_id=alice", MISMATCH),
        ("?user_id=alice&user%5fid=bob", MISMATCH),
        ("?user_id=alice%", MISMATCH),
        ("?user_id=alice%00", MISMATCH),
        ("?USER_ID=alice", MISMATCH),
        ("?x=user_id=alice", MISMATCH),
    ] {
        assert_eq!(ask(&gate, &json!({}), &format!("/s{query}"), &[]), expected, "{query}");
    }
    assert_eq!(ask(&gate, &json!({"sub": "a b+c"}), "/s?user_id=a+b%2Bc", &[]), None);
}

/// What `a_parameter_of_the_query_is_what_every_server_finds` lists, through a whole gate.
#[test]
fn a_query_that_another_server_reads_differently_is_refused() {
    let gate = gate(&json!({
        "GET /s": {"access": "s:read", "where": {"query.tenant": "tenant"}},
        "GET /o": {"access": "s:read", "where": {"query.tenant": {"equals": "tenant", "optional": true}}},
    }))
    .unwrap();
    let claims = json!({"tenant": "t1"});
    for twin in [
        "Tenant=t2",
        "TENANT=t1",
        "tenant[]=t2",
        "tenant%5B%5D=t2",
        "tenant[0]=t2",
        "[tenant]=t2",
        "tenant.x=t2",
        "+tenant=t2",
        "tenant%20=t2",
        "tenant%00=t2",
        "a=1;tenant=t2",
        "a=1;%74enant%5B=t2",
        "a=1&amp;tenant=t2",
        "%zz=t2",
        "%2574enant=t2",
    ] {
        for query in [format!("{twin}&tenant=t1"), format!("tenant=t1&{twin}")] {
            assert_eq!(ask(&gate, &claims, &format!("/s?{query}"), &[]), MISMATCH, "{query}");
        }
        // Alone, it is no parameter that is missing.
        assert_eq!(ask(&gate, &claims, &format!("/o?{twin}"), &[]), MISMATCH, "{twin}");
    }
    for other in ["tenants=t2", "a=1;b=2", "ten=t2", "x[tenant]=t2", "q=tenant%3Bx"] {
        assert_eq!(ask(&gate, &claims, &format!("/s?{other}&tenant=t1"), &[]), None, "{other}");
        assert_eq!(ask(&gate, &claims, &format!("/o?{other}"), &[]), None, "{other}");
    }
}

#[test]
fn a_parameter_that_may_be_missing_must_match_if_it_is_there() {
    let optional = |values: &str| json!({"equals": values, "optional": true});
    let gate = gate(&json!({"GET /s": {"access": "s:read", "where": {
        "query.user_id": optional("subject"),
        "header.X-Tenant": optional("tenant"),
        "cookie.team": optional("/teams"),
    }}}))
    .unwrap();
    let claims = json!({"tenant": "acme", "teams": ["a", "b"]});
    for (target, headers, expected) in [
        ("/s", &[][..], None),
        ("/s?x=1", &[("cookie", "x=1")], None),
        ("/s?user_id=alice", &[("x-tenant", "acme"), ("cookie", "x=1; team=b")], None),
        ("/s?user_id=bob", &[], MISMATCH),
        ("/s?user_id=", &[], MISMATCH),
        ("/s?user_id", &[], MISMATCH),
        ("/s?user_id=%", &[], MISMATCH),
        ("/s?user_id=alice&user_id=alice", &[], MISMATCH),
        ("/s?USER_ID=alice", &[], MISMATCH),
        ("/s", &[("x-tenant", "globex")], MISMATCH),
        ("/s", &[("x-tenant", "")], MISMATCH),
        ("/s", &[("x_tenant", "acme")], MISMATCH),
        ("/s", &[("x-tenant", "acme"), ("x-tenant", "acme")], MISMATCH),
        ("/s", &[("cookie", "team=c")], MISMATCH),
        ("/s", &[("cookie", "Team=a")], MISMATCH),
        ("/s", &[("cookie", "team=\"a\"")], MISMATCH),
    ] {
        assert_eq!(ask(&gate, &claims, target, headers), expected, "{target} {headers:?}");
    }
    // Who has nothing to be compared with may still leave it out.
    assert_eq!(ask(&gate, &json!({}), "/s", &[]), None);
    assert_eq!(ask(&gate, &json!({}), "/s", &[("x-tenant", "acme")]), MISMATCH);
}

#[test]
fn a_cookie_is_there_once_over_all_lines() {
    let gate = gate(&json!({"GET /s": {"access": "s:read", "where": {"cookie.tenant": "tenant"}}})).unwrap();
    let acme = json!({"tenant": "acme"});
    for (lines, expected) in [
        (&["tenant=acme"][..], None),
        (&["a=1; tenant=acme"], None),
        (&["a=1", "tenant=acme"], None),
        (&[], MISMATCH),
        (&["a=1"], MISMATCH),
        (&["tenant=globex"], MISMATCH),
        (&["tenant=acme; tenant=globex"], MISMATCH),
        (&["tenant=acme", "tenant=acme"], MISMATCH),
        (&["tenant=acme; TENANT=globex"], MISMATCH),
        (&["TENANT=acme"], MISMATCH),
        (&["tenant=\"acme\""], MISMATCH),
        (&["tenant=%61cme"], MISMATCH),
        (&["tenant=acme,x=1"], MISMATCH),
        (&["x=1,tenant=globex; tenant=acme"], MISMATCH),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        assert_eq!(ask(&gate, &acme, "/s", &headers), expected, "{lines:?}");
    }
}

#[test]
fn a_header_is_there_once_however_it_is_spelled() {
    let gate =
        gate(&json!({"GET /s": {"access": "s:read", "where": {"header.X-Tenant": "tenant"}}})).unwrap();
    let acme = json!({"tenant": "acme"});
    for (headers, expected) in [
        (&[("X-Tenant", "acme")][..], None),
        (&[("x-tenant", "acme")], None),
        (&[], MISMATCH),
        (&[("x-tenant", "")], MISMATCH),
        (&[("x-tenant", "globex")], MISMATCH),
        (&[("x-tenant", "acme, globex")], MISMATCH),
        (&[("x-tenant", "acme"), ("X-Tenant", "globex")], MISMATCH),
        (&[("x-tenant", "acme"), ("X_Tenant", "globex")], MISMATCH),
        (&[("x-tenant", "acme"), ("X_Tenant", "acme")], MISMATCH),
        (&[("X_Tenant", "acme")], MISMATCH),
    ] {
        assert_eq!(ask(&gate, &acme, "/s", headers), expected, "{headers:?}");
    }
    assert_eq!(ask(&gate, &json!({}), "/s", &[("x-tenant", "acme")]), MISMATCH);
}

#[test]
fn all_bindings_of_a_route_must_hold() {
    let gate = gate(&json!({"GET /u/{id}": {
        "access": "u:read",
        "where": {"path.id": "subject", "query.tenant": "tenant"}
    }}))
    .unwrap();
    let claims = json!({"tenant": "acme"});
    for (target, expected) in [
        ("/u/alice?tenant=acme", None),
        ("/u/alice?tenant=globex", MISMATCH),
        ("/u/bob?tenant=acme", MISMATCH),
        ("/u/alice", MISMATCH),
    ] {
        assert_eq!(ask(&gate, &claims, target, &[]), expected, "{target}");
    }
}

#[test]
fn an_api_key_is_bound_by_its_record() {
    let key = portcullis::api_key::assemble("live", "k1", (0..=255).cycle().take(200)).unwrap();
    let pepper = portcullis::api_key::Pepper::new(portcullis_tests::PEPPER.as_bytes()).unwrap();
    let load = |claims: Value| {
        let document = json!({
            "profile": "generic",
            "api_keys": {
                "pepper": {"env": "PEPPER"},
                "records": [{"id": "k1", "hash": pepper.hash(&key), "roles": ["reader"], "claims": claims}],
            },
            "policy": {
                "roles": {"reader": {"permissions": ["*"]}},
                "routes": {"GET /c/{c}": {"access": "c:read", "where": {"path.c": "/collections"}}},
            },
        });
        try_load(document.to_string().as_bytes(), &Env::standard()).map_err(|errors| errors.to_string())
    };
    let gate = load(json!({"collections": ["a"]})).unwrap();
    for (path, expected) in [("/c/a", None), ("/c/b", MISMATCH)] {
        let pairs = [HeaderPair::new("x-api-key", key.as_str())];
        let head = RequestHead::new("GET", path, &pairs);
        let Step::Verdict(verdict) = gate.begin(&head, UnixTime::from_secs(NOW)) else { panic!("no need") };
        assert_eq!(verdict.diagnostics.reason, expected, "{path}");
    }
    let error = load(json!({"collections": {"a": 1}})).unwrap_err();
    assert!(error.starts_with("/api_keys/records/0/claims: "), "{error}");
    let error = load(json!(["a"])).unwrap_err();
    assert!(error.starts_with("/api_keys/records/0/claims: must be an object"), "{error}");
}

#[test]
fn wrong_bindings_are_errors_that_name_the_place() {
    for (route, written, expected) in [
        (
            "GET /c/{c}",
            json!({"access": "c:read", "where": {"path.d": "/c"}}),
            "/policy/routes/GET ~1c~1{c}/where/path.d: the route has no parameter {d}",
        ),
        (
            "GET /c/{c:path}",
            json!({"access": "c:read", "where": {"path.c": "/c"}}),
            "/policy/routes/GET ~1c~1{c:path}/where/path.c: the route has no parameter {c} of one segment",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "where": {"cooky.c": "/c"}}),
            "/policy/routes/GET ~1c/where/cooky.c: write a parameter as",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "where": {"query.": "/c"}}),
            "/policy/routes/GET ~1c/where/query.: write a parameter as",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "where": {"header.x_y": "/c"}}),
            "/policy/routes/GET ~1c/where/header.x_y: write a parameter as",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "where": {"query.c": "claims.c"}}),
            "/policy/routes/GET ~1c/where/query.c: write \"subject\"",
        ),
        (
            "GET /c",
            json!({"access": "public", "where": {"query.c": "/c"}}),
            "/policy/routes/GET ~1c/where: only a route that asks for a permission",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "were": {}}),
            "/policy/routes/GET ~1c/were: unknown member; did you mean \"where\"?",
        ),
        ("GET /c", json!({"where": {}}), "/policy/routes/GET ~1c: member \"access\" is missing"),
        (
            "GET /c",
            json!(["c:read"]),
            "/policy/routes/GET ~1c: expected \"public\", \"refused\", a permission, or an object",
        ),
        (
            "GET /c",
            json!({"access": "c:read", "where": {"query.c": 1}}),
            "/policy/routes/GET ~1c/where/query.c: expected a string",
        ),
    ] {
        let error = gate(&json!({ route: written })).unwrap_err();
        assert!(error.starts_with(expected), "{route} {written}: {error}");
    }
}
