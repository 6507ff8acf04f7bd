//! Questions after a decision: what is said about a request is what was decided.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

mod common;

use common::{NOW, OTHER_SECRET, SECRET, decide, load, raw_token, sign};
use portcullis::json::Value as Json;
use portcullis::{
    AssumedCaller, AuthError, ClaimCheck, Gate, HeaderPair, Place, PolicyError, RequestHead,
    SurveyedCredential, SurveyedToken, TokenError, UnixTime,
};
use serde_json::{Value, json};

fn gate() -> Gate {
    load(
        &json!({
            "profile": "generic",
            "issuers": [
                {"issuer": "a", "audience": "api", "max_age_secs": 600, "required_claims": ["/email"], "keys": [
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

fn survey<'g>(gate: &'g Gate, token: &str) -> SurveyedToken<'g> {
    let value = format!("Bearer {token}");
    let pairs = [HeaderPair::new("authorization", value.as_str())];
    let head = RequestHead::new("GET", "/c/1", &pairs);
    match gate.survey_credential(&head, UnixTime::from_secs(NOW)) {
        Some(SurveyedCredential::Token(token)) => token,
        other => panic!("{other:?}"),
    }
}

fn claims() -> Value {
    json!({"iss": "a", "aud": ["x", "api"], "exp": NOW + 60, "iat": NOW - 5, "nbf": NOW - 5, "email": "e",
        "sub": "alice", "roles": ["reader"], "ids": ["1", 2], "tenant": "t"})
}

#[test]
fn a_token_is_followed_to_the_step_that_refused_it() {
    use ClaimCheck as Check;
    let gate = gate();
    let whole = [
        Check::Type,
        Check::Kind,
        Check::Issuer,
        Check::Audience,
        Check::Expiry,
        Check::NotBefore,
        Check::IssuedAt,
        Check::Age,
        Check::Required(0),
        Check::Subject,
        Check::Roles,
        Check::Scopes,
        Check::Tenant,
        Check::Attributes,
    ];
    let good = survey(&gate, &sign(claims(), SECRET));
    assert_eq!((good.passed.as_slice(), &good.error), (&whole[..], &None));
    let key = good.key.unwrap();
    assert_eq!((key.position, key.of, key.id(), key.algorithm().name()), (2, 2, None, "HS256"));
    assert_eq!(good.tried.len(), 2);
    assert_eq!(good.issuer.unwrap().pointer(), "/issuers/0");
    assert_eq!(good.claim("/ids/1").map(|value| format!("{value:?}")), Some("Number(Unsigned(2))".into()));

    // Whatever is wrong, the survey stops where the decision does, with the error of the decision.
    let with = |name: &str, value: Value| {
        let mut all = claims();
        all[name] = value;
        sign(all, SECRET)
    };
    let b = raw_token(r#"{"alg":"HS512","kid":"k"}"#, r#"{"iss":"b","exp":1}"#, SECRET);
    for (token, passed, keys) in [
        (with("iss", json!("z")), 0, 0),
        (with("nonce", json!("n")), 1, 2),
        (with("aud", json!("other")), 3, 2),
        (with("exp", json!(NOW)), 4, 2),
        (with("nbf", json!(NOW + 1)), 5, 2),
        (with("iat", json!(NOW + 1)), 6, 2),
        (with("iat", json!(NOW - 601)), 7, 2),
        (with("email", json!(null)), 8, 2),
        (with("sub", json!("")), 9, 2),
        (with("roles", json!(7)), 10, 2),
        (with("scope", json!(7)), 11, 2),
        (with("tenant", json!(7)), 12, 2),
        (with("ids", json!([[]])), 13, 2),
        (sign(claims(), "no key of anybody, and long enough to be one"), 0, 2),
        (b, 0, 1),
        ("a.b.c".to_owned(), 0, 0),
    ] {
        let survey = survey(&gate, &token);
        let verdict = decide(&gate, "GET", "/c/1", &[("authorization", &format!("Bearer {token}"))]);
        assert!(survey.error.is_some() && survey.error == verdict.record.error, "{survey:?}");
        assert_eq!((survey.passed.len(), survey.tried.len()), (passed, keys), "{survey:?}");
        assert_eq!(survey.passed, whole[..passed]);
        assert_eq!(survey.key.is_some(), passed > 0);
        assert!(!format!("{survey:?}").contains(&token));
    }
    let none = survey(&gate, &raw_token(r#"{"alg":"none","typ":"x"}"#, "{}", OTHER_SECRET));
    assert_eq!(
        (none.header_text("alg"), none.error.clone()),
        (Some("none"), Some(TokenError::AlgorithmNotAllowed.into()))
    );
}

#[test]
fn heads_are_read_as_the_gate_reads_them() {
    let gate = load(
        r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let read = |method: &str, target: &str, headers: &[(&str, &str)]| {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        gate.survey_head(&RequestHead::new(method, target, &pairs))
    };
    let two = read("GET", "/", &[("authorization", "Bearer a, Bearer b"), ("x-api-key", "k")]);
    assert_eq!(two.places, [Place::Authorization, Place::Authorization, Place::ApiKeyHeader]);
    let socket = read("GET", "/v1/graph/ws?token=a", &[("upgrade", "websocket")]);
    assert_eq!(
        (socket.websocket, socket.places.as_slice(), socket.preflight),
        (true, &[Place::Query][..], None)
    );
    let asked =
        read("OPTIONS", "/", &[("origin", "https://o.example"), ("access-control-request-method", "PUT")]);
    assert_eq!(asked.preflight.as_deref(), Some("PUT"));
    assert_eq!(gate.without_credential("/a?x=1&%74oken=secret&y"), "/a?x=1&%74oken=…&y");
    assert_eq!(gate.accepted_places(false), ["Authorization: Bearer …"]);
    assert_eq!(gate.accepted_places(true).last().unwrap(), "?token=…");
}

#[test]
fn routes_and_roles_answer_for_themselves() {
    let gate = gate();
    let route = |text: &str| gate.routes().find(|route| route.text() == text).unwrap();
    let (narrow, wide) = (route("GET /c/{id}"), route("GET /{rest:path}"));
    for (path, narrowly, widely) in [
        ("/c/1", true, true),
        ("/c/", false, true),
        ("/c", false, true),
        ("/c/1/2", false, true),
        ("/", false, true),
    ] {
        assert_eq!((narrow.matches(path), wide.matches(path)), (narrowly, widely), "{path}");
        let found = gate.route_for("GET", path).unwrap().unwrap();
        assert!(found.matches(path), "{path}");
    }
    let stance = |role| narrow.stance(role).map(|stance| (stance.grants, stance.denies));
    assert_eq!(
        (stance("reader"), stance("stranger"), stance("nobody")),
        (Some((true, false)), Some((true, true)), None)
    );
    assert!(route("GET /open").stance("reader").is_none());
}

#[test]
fn assumed_callers_are_bound() {
    let gate = gate();
    let ids = portcullis::json::parse(br#"{"ids":["1",2]}"#, portcullis::json::Budget::REQUEST).unwrap();
    let ask = |target: &str, headers: &[(&str, &str)], caller: &AssumedCaller| {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        gate.survey_bound("GET", target, &pairs, None, caller)
    };
    let tenant = [("X-Tenant", "t")];
    let reader = || AssumedCaller::with_roles(["reader"]).with_tenant("t").with_claims(ids.clone());
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
    // A caller of whom nothing is said is bound to nothing, whatever stands for its subject.
    assert_eq!(ask("/c/1?who=assumed", &tenant, &reader()), mismatch);
    assert_eq!(ask("/c/1?who=", &tenant, &reader()), mismatch);
    assert_eq!(
        ask("/c/1?who=alice", &tenant, &AssumedCaller::with_roles(["reader"]).with_subject("alice")),
        mismatch
    );
    let odd = portcullis::json::parse(br#"{"ids":true}"#, portcullis::json::Budget::REQUEST).unwrap();
    assert!(matches!(ask("/c/1", &[], &alice.clone().with_claims(odd.clone())), Err(AuthError::Claims(_))));
    // Where nobody looks at a token, nobody looks at its claims.
    assert_eq!(ask("/open", &[], &alice.clone().with_claims(odd)), Ok(()));
    let anonymous = AssumedCaller::anonymous().with_subject("alice").with_claims(Json::Null);
    assert!(matches!(ask("/c/1?who=alice", &tenant, &anonymous), Err(AuthError::Credential(_))));
    let denied = AssumedCaller::with_roles(["stranger"]).with_subject("alice");
    assert_eq!(ask("/c/1?who=alice", &tenant, &denied), Err(PolicyError::PermissionDenied.into()));
}

#[test]
fn bindings_are_shown_with_both_sides() {
    let gate = gate();
    let bearer = format!("Bearer {}", sign(claims(), SECRET));
    let pairs = [
        HeaderPair::new("authorization", bearer.as_str()),
        HeaderPair::new("x-tenant", "t"),
        HeaderPair::new("X_Tenant", " u "),
    ];
    let head = RequestHead::new("GET", "/c/%33?who=a+b&x=1&who=c", &pairs);
    let portcullis::Step::Verdict(verdict) = gate.begin(&head, UnixTime::from_secs(NOW)) else { panic!() };
    let principal = verdict.record.principal.unwrap();
    let route = gate.route_for("GET", "/c/3").unwrap().unwrap();
    let mut compared = gate.compare_bindings(&route, &head, None, &principal);
    compared.sort_by(|one, other| one.text.cmp(&other.text));
    let shown: Vec<_> = compared
        .iter()
        .map(|binding| {
            (binding.text.as_str(), binding.found.join("|"), binding.allowed.join("|"), binding.holds)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("header.x-tenant = tenant", "t|u".to_owned(), "t".to_owned(), false),
            ("path.id = /ids", "3".to_owned(), "1|2".to_owned(), false),
            ("query.who = subject", "a b|c".to_owned(), "alice".to_owned(), false),
        ]
    );
    assert!(compared.iter().any(|binding| Some(&binding.text) == verdict.record.binding.as_ref()));
}

/// Members of a body are compared after everything else, and hosts before.
#[test]
fn bodies_and_hosts() {
    let document = serde_json::json!({
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
    let ids = portcullis::json::parse(br#"{"ids":["1",2]}"#, portcullis::json::Budget::REQUEST).unwrap();
    let alice = AssumedCaller::with_roles(["reader"]).with_subject("alice").with_claims(ids);
    let search = |target: &str, body: Option<&str>| {
        gate.survey_bound("POST", target, &[], body.map(str::as_bytes), &alice)
    };
    assert_eq!(search("/s?who=alice", Some(r#"{"id": [1, 2]}"#)), Ok(()));
    assert_eq!(search("/s?who=alice", Some(r#"{"id": 3}"#)), Err(PolicyError::BindingMismatch.into()));
    assert_eq!(search("/s?who=bob", None), Err(PolicyError::BindingMismatch.into()));
    assert_eq!(search("/s?who=alice", Some("{")), Err(AuthError::Body(portcullis::BodyError::NotJson)));
    assert_eq!(search("/s?who=alice", None), Err(AuthError::Body(portcullis::BodyError::Unavailable)));

    let host = |host: &str| gate.survey_bound("GET", "/h", &[HeaderPair::new("Host", host)], None, &alice);
    assert_eq!(host("api.example.com"), Ok(()));
    assert_eq!(host("other.example.com"), Err(PolicyError::RouteUnknown.into()));
    let anonymous = gate.survey_bound("GET", "/h", &[], None, &AssumedCaller::anonymous());
    assert!(matches!(anonymous, Err(AuthError::Credential(_))));
}
