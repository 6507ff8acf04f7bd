//! What is said about a request is what was decided, and hypothetical callers get the decisions that real ones would.

use portcullis::json::{Budget, Value as Json, parse};
use portcullis::trace::HypotheticalCaller;
use portcullis::{AuthError, BodyError, Gate, PolicyError, Reason, UnixTime};
use portcullis_analysis::access::{check_access, permits};
use portcullis_analysis::diff::PolicyDiff;
use portcullis_analysis::effect::role_effect;
use portcullis_analysis::explain::{Explanation, without_credential};
use portcullis_analysis::matrix::Matrix;
use portcullis_analysis::request::SampleRequest;
use portcullis_analysis::route;
use portcullis_tests::{NOW, OTHER_SECRET, SECRET, decide, load, raw_token, sign};
use serde_json::{Value, json};

fn gate() -> Gate {
    load(
        &json!({
            "profile": "generic",
            "issuers": [
                {"issuer": "a", "audience": "api", "max_age_secs": 600, "required_claims": ["/jti", "/email"], "keys": [
                    {"alg": "HS256", "secret": {"env": "OTHER"}},
                    {"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}},
                ]},
                {"issuer": "b", "keys": [{"kid": "k", "alg": "HS512", "secret": {"env": "JWT_SECRET_KEY"}}]},
            ],
            "policy": {
                "roles": {"reader": {"permissions": ["c:read"]}, "stranger": {"permissions": ["*"], "deny": ["c:read"]}},
                "routes": {
                    "GET /c/{id}": {"access": "c:read", "where": {"path.id": "/ids", "query.who": "subject", "header.X-Tenant": "tenant"}},
                    "GET /{rest:path}": "d:read",
                    "GET /open": "public",
                },
            },
        })
        .to_string(),
    )
}

fn claims() -> Value {
    json!({"iss": "a", "aud": ["x", "api"], "exp": NOW + 60, "iat": NOW - 5, "nbf": NOW - 5, "email": "e", "jti": "j",
        "sub": "alice", "roles": ["reader"], "ids": ["1", 2], "tenant": "t"})
}

fn explain(gate: &Gate, request: &SampleRequest) -> Explanation {
    Explanation::of(gate, request, UnixTime::from_secs(NOW))
}

/// The details of the steps of one kind.
fn details<'e>(explanation: &'e Explanation, step: &str) -> Vec<&'e str> {
    let steps = explanation.steps.iter().filter(|stage| stage.step == step);
    steps.map(|stage| stage.detail.as_str()).collect()
}

#[test]
fn a_token_is_followed_to_the_step_that_refused_it() {
    let gate = gate();
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        let request = SampleRequest::new("GET", "/c/1").with_header("authorization", &bearer);
        let explanation = explain(&gate, &request);
        let verdict = decide(&gate, "GET", "/c/1", &[("authorization", &bearer)]);
        assert_eq!(explanation.reason, verdict.diagnostics.reason);
        assert!(!format!("{explanation:?}").contains(token));
        explanation
    };
    let whole = ask(&sign(claims(), SECRET));
    let passed: Vec<String> = details(&whole, "claim")
        .iter()
        .map(|detail| detail.split([' ', ':']).next().unwrap().to_owned())
        .collect();
    let all = [
        "typ",
        "kind",
        "iss",
        "aud",
        "exp",
        "nbf",
        "iat",
        "age",
        "identifiers",
        "/jti",
        "/email",
        "subject",
        "roles",
        "tenant",
        "/ids",
    ];
    assert_eq!(passed, all);
    assert_eq!(
        details(&whole, "key"),
        ["key 2 of 2 (HS256, without kid) of a (/issuers/0), one of 2 that fit"]
    );
    assert_eq!(whole.reason, Some(Reason::BindingMismatch));

    // Whatever is wrong, the steps end where the decision does.
    let with = |name: &str, value: Value| {
        let mut all = claims();
        all[name] = value;
        sign(all, SECRET)
    };
    let b = raw_token(r#"{"alg":"HS512","kid":"k"}"#, r#"{"iss":"b","exp":1}"#, SECRET);
    for (token, passed, signature) in [
        (with("iss", json!("z")), 0, &[][..]),
        (with("nonce", json!("n")), 1, &["valid"]),
        (with("aud", json!("other")), 3, &["valid"]),
        (with("exp", json!(NOW)), 4, &["valid"]),
        (with("nbf", json!(NOW + 1)), 5, &["valid"]),
        (with("iat", json!(NOW + 1)), 6, &["valid"]),
        (with("iat", json!(NOW - 601)), 7, &["valid"]),
        // The first of the required claims is there.
        (with("email", json!(null)), 10, &["valid"]),
        (with("jti", json!(null)), 8, &["valid"]),
        (with("jti", json!(7)), 8, &["valid"]),
        (with("sub", json!("")), 11, &["valid"]),
        (with("roles", json!(7)), 12, &["valid"]),
        (with("scope", json!(7)), 13, &["valid"]),
        (with("tenant", json!(7)), 13, &["valid"]),
        (with("ids", json!([[]])), 14, &["valid"]),
        (
            sign(claims(), "no key of anybody, and long enough to be one"),
            0,
            &["not valid under key 1 of 2 (HS256, without kid), key 2 of 2 (HS256, without kid)"],
        ),
        (b, 0, &["not valid under `k` (HS512)"]),
        ("a.b.c".to_owned(), 0, &[]),
    ] {
        let explanation = ask(&token);
        assert!(explanation.reason.is_some() && explanation.remedy.is_some(), "{explanation:?}");
        assert_eq!(details(&explanation, "claim").len(), passed, "{explanation:?}");
        assert_eq!(details(&explanation, "signature"), signature);
    }
    let none = ask(&raw_token(r#"{"alg":"none","typ":"x"}"#, "{}", OTHER_SECRET));
    assert_eq!(details(&none, "header"), ["the token says: alg none, no kid, typ x"]);
    assert_eq!(none.reason, Some(Reason::AlgorithmNotAllowed));
}

#[test]
fn heads_are_read_as_the_gate_reads_them() {
    let gate = load(
        r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let two = SampleRequest::new("GET", "/v1/threads")
        .with_header("authorization", "Bearer a, Bearer b")
        .with_header("x-api-key", "k");
    assert_eq!(
        explain(&gate, &two).remedy.as_deref(),
        Some(
            "send one credential; there are 3: the Authorization header, the Authorization header, the API-key header"
        )
    );
    let socket = SampleRequest::for_route("WEBSOCKET", "/v1/graph/ws");
    let explanation = explain(&gate, &socket);
    assert_eq!(details(&explanation, "upgrade"), ["to a WebSocket, which counts as the method WEBSOCKET"]);
    assert!(explanation.remedy.unwrap().ends_with("`?token=…`"));
    let half = SampleRequest::new("GET", "/v1/graph/ws").with_header("upgrade", "websocket, h2c");
    let explanation = explain(&gate, &half);
    assert_eq!(details(&explanation, "upgrade"), ["not to a WebSocket alone, so nothing is upgraded"]);
    assert_eq!(explanation.reason, Some(Reason::CredentialMissing));
    let asked = SampleRequest::new("OPTIONS", "/v1/threads")
        .with_header("origin", "https://o.example")
        .with_header("access-control-request-method", "GET");
    let explanation = explain(&gate, &asked);
    assert_eq!(
        details(&explanation, "preflight"),
        ["a browser asks whether it may GET; no credential is looked at"]
    );
    assert_eq!(without_credential(&gate, "/a?x=1&%74oken=secret&y"), "/a?x=1&%74oken=…&y");
}

#[test]
fn routes_and_roles_answer_for_themselves() {
    let gate = gate();
    for (path, expected) in [
        ("/c/1", &["GET /c/{id}", "GET /{rest:path}"][..]),
        ("/c/", &["GET /{rest:path}"]),
        ("/c", &["GET /{rest:path}"]),
        ("/c/1/2", &["GET /{rest:path}"]),
        ("/", &["GET /{rest:path}"]),
        ("/open", &["GET /open", "GET /{rest:path}"]),
    ] {
        let matching: Vec<&str> =
            route::matching(&gate, path).iter().map(|route| route.text.as_str()).collect();
        assert_eq!(matching, expected, "{path}");
        let found = route::find(&gate, "GET", path).unwrap().unwrap();
        assert!(matching.contains(&found.text.as_str()), "{path}");
    }
    let route = |path: &str| route::find(&gate, "GET", path).unwrap().unwrap();
    let effect = |role| role_effect(&gate, route("/c/1"), role).map(|effect| (effect.grants, effect.denies));
    assert_eq!(
        (effect("reader"), effect("stranger"), effect("nobody")),
        (Some((true, false)), Some((true, true)), None)
    );
    assert!(role_effect(&gate, route("/open"), "reader").is_none());
}

#[test]
fn hypothetical_callers_are_bound() {
    let gate = gate();
    let ids = parse(br#"{"ids":["1",2]}"#, Budget::REQUEST).unwrap();
    let ask = |target: &str, headers: &[(&str, &str)], caller: &HypotheticalCaller| {
        let request = SampleRequest::new("GET", target);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.with_header(*name, *value));
        check_access(&gate, caller, &request)
    };
    let tenant = [("X-Tenant", "t")];
    let reader = || HypotheticalCaller::with_roles(["reader"]).with_tenant("t").with_claims(ids.clone());
    let alice = reader().with_subject("alice");
    assert_eq!(ask("/c/1?who=alice", &tenant, &alice), Ok(()));
    assert_eq!(ask("/c/2?who=%61lice", &tenant, &alice), Ok(()));
    let mismatch = Err(PolicyError::BindingMismatch.into());
    for (target, headers) in [
        ("/c/3?who=alice", &tenant[..]),
        ("/c/1?who=bob", &tenant),
        ("/c/1", &tenant),
        ("/c/1?who=alice", &[]),
        ("/c/1?who=alice", &[("x-tenant", "t"), ("x_tenant", "u")]),
    ] {
        assert_eq!(ask(target, headers, &alice), mismatch, "{target} {headers:?}");
    }
    // A caller of whom nothing is said is bound to nothing.
    assert_eq!(ask("/c/1?who=", &tenant, &reader()), mismatch);
    assert_eq!(
        ask("/c/1?who=alice", &tenant, &HypotheticalCaller::with_roles(["reader"]).with_subject("alice")),
        mismatch
    );
    let odd = parse(br#"{"ids":true}"#, Budget::REQUEST).unwrap();
    assert!(matches!(ask("/c/1", &[], &alice.clone().with_claims(odd.clone())), Err(AuthError::Claims(_))));
    // Where nobody looks at a token, nobody looks at its claims.
    assert_eq!(ask("/open", &[], &alice.clone().with_claims(odd)), Ok(()));
    let anonymous = HypotheticalCaller::anonymous().with_subject("alice").with_claims(Json::Null);
    assert!(matches!(ask("/c/1?who=alice", &tenant, &anonymous), Err(AuthError::Credential(_))));
    let denied = HypotheticalCaller::with_roles(["stranger"]).with_subject("alice");
    assert_eq!(ask("/c/1?who=alice", &tenant, &denied), Err(PolicyError::PermissionDenied.into()));
}

#[test]
fn bindings_are_shown_with_both_sides() {
    let gate = gate();
    let request = SampleRequest::new("GET", "/c/%33?who=a+b&x=1&who=c")
        .with_header("authorization", format!("Bearer {}", sign(claims(), SECRET)))
        .with_header("x-tenant", "t")
        .with_header("X_Tenant", " u ");
    let explanation = explain(&gate, &request);
    let [binding] = details(&explanation, "binding")[..] else { panic!("{explanation:?}") };
    assert!(binding.contains(" does not hold: "), "{binding}");
    let remedy = explanation.remedy.unwrap();
    let mut all: Vec<&str> = remedy.split("; ").filter(|part| !part.starts_with("the caller")).collect();
    all.sort_unstable();
    assert_eq!(
        all,
        [
            "header.x-tenant is there 2 times, and must be once",
            "path.id is `3`",
            "query.who is there 2 times, and must be once",
        ]
    );
}

/// Members of a body are compared after everything else, and hosts before.
#[test]
fn bodies_and_hosts() {
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {
            "roles": {"reader": {"permissions": ["s:read"]}},
            "routes": {
                "POST /s": {"access": "s:read", "where": {"body./id": "/ids", "query.who": "subject"}},
                "GET /h": {"access": "s:read", "hosts": ["api.example.com"]},
            },
        },
    });
    let gate = load(&document.to_string());
    let ids = parse(br#"{"ids":["1",2]}"#, Budget::REQUEST).unwrap();
    let alice = HypotheticalCaller::with_roles(["reader"]).with_subject("alice").with_claims(ids);
    let search = |target: &str, body: Option<&str>| {
        let request = SampleRequest::new("POST", target);
        let request = match body {
            Some(body) => request.with_json(body),
            None => request.with_header("content-type", "application/json"),
        };
        check_access(&gate, &alice, &request)
    };
    assert_eq!(search("/s?who=alice", Some(r#"{"id": [1, 2]}"#)), Ok(()));
    assert_eq!(search("/s?who=alice", Some(r#"{"id": 3}"#)), Err(PolicyError::BindingMismatch.into()));
    assert_eq!(search("/s?who=bob", None), Err(PolicyError::BindingMismatch.into()));
    assert_eq!(search("/s?who=alice", Some("{")), Err(BodyError::NotJson.into()));
    assert_eq!(search("/s?who=alice", None), Err(BodyError::Unavailable.into()));
    let unannounced = SampleRequest::new("POST", "/s?who=alice");
    assert_eq!(check_access(&gate, &alice, &unannounced), Err(BodyError::NotJsonType.into()));

    let host =
        |host: &str| check_access(&gate, &alice, &SampleRequest::new("GET", "/h").with_header("Host", host));
    assert_eq!(host("api.example.com"), Ok(()));
    assert_eq!(host("other.example.com"), Err(PolicyError::RouteUnknown.into()));
    let anonymous = check_access(&gate, &HypotheticalCaller::anonymous(), &SampleRequest::new("GET", "/h"));
    assert!(matches!(anonymous, Err(AuthError::Credential(_))));
}

/// The GET route of the same path has to allow an upgrade as well, whatever is asked.
#[test]
fn an_upgrade_is_a_get_too() {
    let gate = load(
        &json!({
            "profile": "generic",
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
            "policy": {
                "roles": {"opener": {"permissions": ["ws:open"]}, "both": {"permissions": ["*"]}},
                "routes": {
                    "WEBSOCKET /twin/{id}": {"access": "ws:open", "where": {"path.id": "subject"}},
                    "GET /twin/{id}": "twin:read",
                    "WEBSOCKET /open": "public",
                    "GET /open": "twin:read",
                    "WEBSOCKET /alone": {"access": "ws:open", "hosts": ["a.example"]},
                },
            },
        })
        .to_string(),
    );
    let matrix = Matrix::of(&gate);
    let row = |text: &str| matrix.routes.iter().find(|row| row.route == text).unwrap();
    let codes = |text: &str| -> Vec<&str> { row(text).answers.iter().map(|answer| answer.code()).collect() };
    assert_eq!(
        codes("WEBSOCKET /twin/{id}"),
        ["credential_missing", "permission_missing", "allow", "permission_missing"]
    );
    assert_eq!(
        codes("WEBSOCKET /open"),
        ["credential_missing", "permission_missing", "allow", "permission_missing"]
    );
    assert_eq!(codes("WEBSOCKET /alone"), ["credential_missing", "permission_missing", "allow", "allow"]);

    let opener = HypotheticalCaller::with_roles(["opener"]).with_subject("x");
    let route = route::find(&gate, "WEBSOCKET", "/twin/x").unwrap().unwrap();
    assert_eq!(permits(&gate, route, "/twin/x", &opener), Err(PolicyError::PermissionMissing.into()));
    let request = SampleRequest::for_route("WEBSOCKET", "/twin/x");
    assert_eq!(check_access(&gate, &opener, &request), Err(PolicyError::PermissionMissing.into()));

    let token = sign(json!({"sub": "x", "roles": ["opener"], "exp": NOW + 60}), SECRET);
    let explanation = explain(&gate, &request.with_header("authorization", format!("Bearer {token}")));
    assert_eq!(
        details(&explanation, "route"),
        ["WEBSOCKET /twin/{id}", "GET /twin/{id} beneath, which has to allow it too"]
    );
    assert_eq!(
        details(&explanation, "permission"),
        ["ws:open is given by opener", "twin:read is given by no role of the caller"]
    );
    assert_eq!(
        explanation.remedy.as_deref(),
        Some("role `opener` lacks `twin:read`; roles that have it: both")
    );
}

/// A change of the GET route is one for the WebSockets above it.
#[test]
fn a_stronger_get_route_denies_upgrades() {
    let with = |access: &str| {
        load(
            &json!({
                "profile": "generic",
                "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
                "policy": {
                    "roles": {"r": {"permissions": ["ws:open", "a:read"]}},
                    "routes": {"WEBSOCKET /a/{x}": "ws:open", "GET /a/b": access, "GET /c": access},
                },
            })
            .to_string(),
        )
    };
    let diff = PolicyDiff::between(&with("a:read"), &with("a:write")).unwrap();
    let denied: Vec<String> =
        diff.denied.iter().map(|change| format!("{}: {}", change.label(), change.route)).collect();
    assert_eq!(denied, ["r: GET /a/b", "r: GET /c", "r: WEBSOCKET /a/b"]);
}
