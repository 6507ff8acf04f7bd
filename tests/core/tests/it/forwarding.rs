//! What the origin receives: path, headers, and what became of the credential.

use jwt_simple::prelude::*;
use portcullis::{CredentialHandling, Forward, Gate, HeaderPair, RequestHead, Step, UnixTime, Verdict};
use portcullis_tests::*;

const SWAP: &str = r#"{"profile":"agentflow",
    "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}],"claims":{"subject":"/sub"}}],
    "upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"},"issuer":"gate","audience":"agentflow"}}}"#;

fn swap_token(extra: serde_json::Value) -> String {
    let mut claims = serde_json::json!({"sub": "alice", "role": "admin", "exp": NOW + 600});
    claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    sign(claims, SECRET)
}

fn set<'f>(forward: &'f Forward, name: &str) -> Option<&'f str> {
    forward.set_headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// Claims of the token minted for the origin, verified by an unrelated implementation.
fn minted(token: &str) -> serde_json::Value {
    let options = VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_secs(NOW)),
        time_tolerance: Some(Duration::from_secs(0)),
        ..Default::default()
    };
    let key = HS256Key::from_bytes(ORIGIN_SECRET.as_bytes());
    let claims = key.verify_token::<serde_json::Value>(token, Some(options)).unwrap();
    let mut all = claims.custom;
    all["exp"] = serde_json::json!(claims.expires_at.unwrap().as_secs());
    all["iat"] = serde_json::json!(claims.issued_at.unwrap().as_secs());
    all["sub"] = serde_json::json!(claims.subject);
    all["iss"] = serde_json::json!(claims.issuer);
    all
}

fn bearer(gate: &Gate, target: &str, token: &str, more: &[(&str, &str)]) -> Verdict {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("Authorization", authorization.as_str())];
    headers.extend(more);
    decide(gate, "GET", target, &headers)
}

#[test]
fn the_normal_form_is_what_is_forwarded() {
    let gate = agentflow();
    for (target, forwarded_target) in [
        ("/v1/threads", "/v1/threads"),
        ("//v1/%74hreads?a=%2F..&b", "/v1/threads?a=%2F..&b"),
        ("/v1/x/../threads?", "/v1/threads?"),
        ("/v1/threads/caf%c3%a9", "/v1/threads/caf%C3%A9"),
        ("/v1/graph%3AStateSchema/../threads", "/v1/threads"),
        // A token in the query has no business outside a WebSocket, and does not travel on.
        ("/v1/threads?limit=1&token=abc&%74oken=d", "/v1/threads?limit=1"),
        ("/v1/threads?token=abc", "/v1/threads"),
    ] {
        let verdict = bearer(&gate, target, &token("admin"), &[]);
        assert_eq!(forwarded(&verdict).target, forwarded_target, "{target}");
    }
}

#[test]
fn forwarding_leaves_the_verified_credential_alone() {
    let verdict = bearer(&agentflow(), "/v1/threads", &token("admin"), &[("Accept", "*/*")]);
    let forward = forwarded(&verdict);
    assert_eq!(forward.credential, CredentialHandling::Forward);
    assert_eq!(forward.remove_headers, Vec::<String>::new());
    assert_eq!(set(forward, "authorization"), None);
    assert_eq!(set(forward, "x-auth-subject"), Some("alice"));
    assert_eq!(set(forward, "x-auth-roles"), Some("admin"));
    assert_eq!(set(forward, "x-auth-scopes"), None);
}

#[test]
fn what_a_caller_must_not_say_is_removed() {
    let spoofed = [
        ("X-Auth-Subject", "root"),
        ("x_auth_roles", "admin"),
        ("X-User-UUID", "1"),
        ("X-Authenticated-User", "root@example.com"),
        ("X-SPIFFE-JWT", "x"),
        ("Remote-User", "root"),
        ("X-Forwarded-User", "root"),
        ("X-Original-URL", "/docs"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQ"),
        ("Sec-WebSocket-Protocol", "agentflow-bearer, forged"),
        ("Connection", "keep-alive, Upgrade, HTTP2-Settings"),
        ("X-Trace", "1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("Cookie", "a=b"),
    ];
    let removed = [
        "http2-settings",
        "remote-user",
        "sec-websocket-protocol",
        "upgrade",
        "x-auth-subject",
        "x-authenticated-user",
        "x-forwarded-user",
        "x-http-method-override",
        "x-original-url",
        "x-spiffe-jwt",
        "x-user-uuid",
        "x_auth_roles",
    ];
    let verdict = bearer(&agentflow(), "/v1/threads", &token("user"), &spoofed);
    let forward = forwarded(&verdict);
    assert_eq!(forward.remove_headers, removed);
    assert_eq!(set(forward, "x-auth-subject"), Some("alice"));
    // Public routes and preflights pass the same filter, and lose the unverified credential besides.
    for (method, target, extra) in [
        ("GET", "/ping", vec![]),
        (
            "OPTIONS",
            "/v1/threads",
            vec![("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET")],
        ),
    ] {
        let mut headers = spoofed.to_vec();
        headers.extend([("authorization", "Bearer forged"), ("X-Api-Key", "forged")]);
        headers.extend(extra);
        let verdict = decide(&agentflow(), method, target, &headers);
        let forward = forwarded(&verdict);
        let mut expected: Vec<_> = removed.to_vec();
        expected.extend(["authorization", "x-api-key"]);
        expected.sort_unstable();
        assert_eq!(forward.remove_headers, expected, "{target}");
        assert_eq!(forward.set_headers, [], "{target}");
        assert_eq!(forward.credential, CredentialHandling::Strip);
    }
}

#[test]
fn configured_headers_are_removed_and_identity_can_be_left_out() {
    let gate = load(
        r#"{"profile":"agentflow","upstream":{"identity_headers":false,"remove_headers":["X-Debug"]},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let verdict =
        bearer(&gate, "/v1/threads", &token("user"), &[("x-debug", "1"), ("x-auth-subject", "root")]);
    assert_eq!(forwarded(&verdict).remove_headers, ["x-auth-subject", "x-debug"]);
    assert_eq!(forwarded(&verdict).set_headers, []);
}

#[test]
fn connection_cannot_drop_what_the_decision_rests_on() {
    for nominated in
        ["X-Auth-Subject", "x_auth_subject", "authorization", "X-API-Key", "Host", "Content-Length", "cookie"]
    {
        let verdict = bearer(&agentflow(), "/v1/threads", &token("user"), &[("Connection", nominated)]);
        assert_eq!(outcome(&verdict), (400, "header_invalid"), "{nominated}");
    }
}

#[test]
fn a_swapped_credential_is_a_short_lived_token_for_the_origin() {
    let gate = load(SWAP);
    let verdict = bearer(
        &gate,
        "/v1/threads",
        &swap_token(serde_json::json!({"scopes": ["checkpointer:read"], "tenant": "acme"})),
        &[],
    );
    let forward = forwarded(&verdict);
    assert_eq!(forward.credential, CredentialHandling::Replace);
    assert_eq!(forward.remove_headers, ["authorization"]);
    let token = set(forward, "authorization").unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(
        minted(token),
        serde_json::json!({"sub": "alice", "user_id": "alice", "role": "admin", "roles": ["admin"],
            "scopes": ["checkpointer:read"], "tenant": "acme", "iss": "gate", "iat": NOW - 5, "exp": NOW + 60})
    );
}

#[test]
fn a_swapped_token_never_says_more_than_the_proof() {
    let gate = load(SWAP);
    let minted_for = |extra| {
        let verdict = bearer(&gate, "/v1/threads", &swap_token(extra), &[]);
        minted(set(forwarded(&verdict), "authorization").unwrap().strip_prefix("Bearer ").unwrap())
    };
    // Not longer than the caller's own token.
    assert_eq!(minted_for(serde_json::json!({"exp": NOW + 7}))["exp"], NOW + 7);
    // No role that only the origin knows; `role` only where there is no choice.
    let several = minted_for(serde_json::json!({"roles": ["user", "origin-root", "admin"]}));
    assert_eq!(several["roles"], serde_json::json!(["user", "admin"]));
    assert_eq!(several.get("role"), None);
    // Absent scopes stay absent: an empty list would mean "nothing" to the origin.
    assert_eq!(minted_for(serde_json::json!({})).get("scopes"), None);
    // No claim of the caller travels on by itself.
    assert_eq!(minted_for(serde_json::json!({"is_superuser": true})).get("is_superuser"), None);
}

/// Servers like R2R remember each token that was logged out: those of other requests must not be the same.
#[test]
fn a_swapped_token_is_no_other_requests() {
    let gate = load(SWAP);
    let identifier = |id: &str, method: &str, target: &str, token: &str, now: u64| {
        let authorization = format!("Bearer {token}");
        let headers = [HeaderPair::new("authorization", &authorization)];
        let head = RequestHead::new(method, target, &headers).with_request_id(id);
        let Step::Verdict(verdict) = gate.begin(&head, UnixTime::from_secs(now)) else { panic!("a need") };
        let minted = set(forwarded(&verdict), "authorization").unwrap().strip_prefix("Bearer ").unwrap();
        let payload = portcullis::base64url::decode(minted.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let identifier = claims["jti"].as_str().unwrap().to_owned();
        assert_eq!(portcullis::base64url::decode(&identifier).unwrap().len(), 16);
        identifier
    };
    let (token, other) = (swap_token(serde_json::json!({})), swap_token(serde_json::json!({"sid": "2"})));
    let first = identifier("r1", "GET", "/v1/threads", &token, NOW);
    // Without a source of random numbers, the same again is the same.
    assert_eq!(identifier("r1", "GET", "/v1/threads", &token, NOW), first);
    let others = [
        identifier("r2", "GET", "/v1/threads", &token, NOW),
        identifier("r1", "DELETE", "/v1/threads/1", &token, NOW),
        identifier("r1", "GET", "/v1/threads/1", &token, NOW),
        identifier("r1", "GET", "/v1/threads?a=1", &token, NOW),
        identifier("r1", "GET", "/v1/threads", &other, NOW),
        identifier("r1", "GET", "/v1/threads", &token, NOW + 1),
    ];
    for (index, other) in others.iter().enumerate() {
        assert_ne!(*other, first, "{index}");
        assert!(!others[..index].contains(other), "{index}");
    }
}

#[test]
fn a_websocket_credential_is_swapped_where_it_stands() {
    let gate = load(SWAP);
    let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")];
    let token = swap_token(serde_json::json!({}));

    let protocol = format!("agentflow-bearer, {token}");
    let headers = [&upgrade[..], &[("Sec-WebSocket-Protocol", protocol.as_str())]].concat();
    let verdict = decide(&gate, "GET", "/v1/graph/ws", &headers);
    let forward = forwarded(&verdict);
    assert_eq!(forward.remove_headers, Vec::<String>::new());
    let (sentinel, swapped) = set(forward, "sec-websocket-protocol").unwrap().split_once(", ").unwrap();
    assert_eq!(sentinel, "agentflow-bearer");
    // The origin checks the token again before every run: it lives as long as the caller's own, up to an hour.
    assert_eq!(minted(swapped)["exp"], NOW + 600);
    assert_eq!(set(forward, "authorization"), None);

    let verdict = decide(&gate, "GET", &format!("/v1/graph/ws?a=1&token={token}"), &upgrade);
    let forward = forwarded(&verdict);
    assert_eq!(forward.target, "/v1/graph/ws?a=1");
    assert_eq!(
        minted(set(forward, "authorization").unwrap().strip_prefix("Bearer ").unwrap())["user_id"],
        "alice"
    );
}

#[test]
fn a_forwarded_query_token_leaves_the_url() {
    let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")];
    let token = token("user");
    let verdict = decide(&agentflow(), "GET", &format!("/v1/graph/ws?token={token}"), &upgrade);
    assert_eq!(forwarded(&verdict).target, "/v1/graph/ws");
    assert_eq!(set(forwarded(&verdict), "authorization"), Some(format!("Bearer {token}").as_str()));
    // On plain HTTP it is no credential at all.
    let verdict = decide(&agentflow(), "GET", &format!("/v1/threads?token={token}"), &[]);
    assert_eq!(outcome(&verdict), (401, "credential_missing"));
}

#[test]
fn stripping_leaves_nothing_of_the_credential() {
    let gate = load(
        r#"{"profile":"agentflow","upstream":{"credential":"strip"},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let token = token("user");
    let verdict = bearer(&gate, "/v1/threads", &token, &[]);
    assert_eq!(forwarded(&verdict).remove_headers, ["authorization"]);
    assert_eq!(forwarded(&verdict).credential, CredentialHandling::Strip);
    let protocol = format!("10xgraph-bearer, {token}");
    let headers =
        [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Protocol", protocol.as_str())];
    let verdict = decide(&gate, "GET", "/v1/graph/ws", &headers);
    assert_eq!(set(forwarded(&verdict), "sec-websocket-protocol"), Some("10xgraph-bearer"));
}

#[test]
fn a_header_that_is_switched_off_is_no_credential() {
    let gate = load(
        r#"{"profile":"agentflow","credentials":{"authorization":false,"cookies":["session"]},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let (good, cookie) = (token("admin"), format!("session={}", token("admin")));
    let refused = bearer(&gate, "/v1/threads", &good, &[]);
    assert_eq!(outcome(&refused), (401, "credential_unsupported"));
    let allowed = decide(&gate, "GET", "/v1/threads", &[("cookie", &cookie)]);
    assert_eq!(outcome(&allowed), (200, "-"));
    // An origin might read it.
    let both = bearer(&gate, "/v1/threads", &good, &[("cookie", &cookie)]);
    assert_eq!(outcome(&both), (400, "credential_ambiguous"));
}

#[test]
fn preflights() {
    let preflight = |gate: &Gate, target: &str, method: &str| {
        outcome(&decide(
            gate,
            "OPTIONS",
            target,
            &[("Origin", "https://app.example"), ("Access-Control-Request-Method", method)],
        ))
    };
    let gate = agentflow();
    assert_eq!(preflight(&gate, "/v1/threads", "GET"), (200, "-"));
    assert_eq!(preflight(&gate, "/v1/threads", "PATCH"), (403, "route_unknown"));
    assert_eq!(preflight(&gate, "/docs", "GET"), (403, "route_refused"));
    assert_eq!(outcome(&decide(&gate, "OPTIONS", "/v1/threads", &[])), (401, "credential_missing"));
    assert_eq!(
        outcome(&decide(&gate, "OPTIONS", "/v1/threads", &[("Origin", "https://app.example")])),
        (401, "credential_missing")
    );
    let refusing = load(
        r#"{"profile":"agentflow","cors":{"preflight":"refuse"},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    assert_eq!(preflight(&refusing, "/v1/threads", "GET"), (403, "route_refused"));
}

/// Whoever may have both a GET and a WebSocket on one path is told apart by what every server takes for a WebSocket.
#[test]
fn an_upgrade_is_a_websocket_or_none() {
    let gate = load(
        r#"{"profile":"generic","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}],
            "policy":{"routes":{"GET /twin":"twin:read","WEBSOCKET /twin":"public","WEBSOCKET /alone":"public"}}}"#,
    );
    let ask = |target: &str, headers: &[(&str, &str)]| outcome(&decide(&gate, "GET", target, headers));
    let upgrade =
        |connection: &'static str, upgrade: &'static str| [("Connection", connection), ("Upgrade", upgrade)];
    for good in [upgrade("Upgrade", "websocket"), upgrade("keep-alive, upgrade", "WebSocket")] {
        assert_eq!(ask("/alone", &good), (200, "-"), "{good:?}");
        // The GET beneath must allow it as well.
        assert_eq!(ask("/twin", &good), (401, "credential_missing"), "{good:?}");
    }
    for bad in [
        upgrade("Upgrade", "websocket, x"),
        upgrade("Upgrade", "h2c, websocket"),
        upgrade("Upgrade", "websocket,"),
        upgrade("Upgrade", "websocket/13"),
        upgrade("close", "websocket"),
        upgrade("", "websocket"),
    ] {
        // Decided about as the GET that it also is.
        assert_eq!(ask("/twin", &bad), (401, "credential_missing"), "{bad:?}");
        assert_eq!(ask("/alone", &bad), (401, "credential_missing"), "{bad:?}");
    }
    assert_eq!(ask("/alone", &[("Upgrade", "websocket")]), (401, "credential_missing"));
    // A host that never shows `Connection` says so.
    let pairs = [portcullis::HeaderPair::new("upgrade", "websocket")];
    let head = portcullis::RequestHead::new("GET", "/alone", &pairs).with_connection_hidden();
    let portcullis::Step::Verdict(verdict) = gate.begin(&head, portcullis::UnixTime::from_secs(NOW)) else {
        panic!("a need")
    };
    assert_eq!(outcome(&verdict), (200, "-"));
}

/// What follows an upgrade is not a body to a host that relays it: the origin would read another request there. Report mode
/// does not change that.
#[test]
fn an_upgrade_that_is_relayed_is_not_taken_away() {
    for mode in ["enforce", "report"] {
        let gate = load(&format!(
            r#"{{"profile":"generic","mode":"{mode}","issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY"}}}}]}}],
                "policy":{{"routes":{{"GET /x":"public","POST /x":"public","WEBSOCKET /x":"public"}}}}}}"#
        ));
        let ask = |method: &str, headers: &[(&str, &str)]| {
            let pairs: Vec<_> =
                headers.iter().map(|(name, value)| portcullis::HeaderPair::new(*name, *value)).collect();
            let head = portcullis::RequestHead::new(method, "/x", &pairs).with_upgrades_relayed();
            match gate.begin(&head, portcullis::UnixTime::from_secs(NOW)) {
                portcullis::Step::Verdict(portcullis::Verdict {
                    decision: portcullis::Decision::Deny(response),
                    ..
                }) => response.status,
                _ => 200,
            }
        };
        let listed = ("Connection", "keep-alive, Upgrade");
        assert_eq!(ask("GET", &[listed, ("Upgrade", "websocket")]), 200, "{mode}");
        assert_eq!(ask("POST", &[listed]), 200, "{mode}");
        // Nobody takes this for an upgrade.
        assert_eq!(ask("POST", &[("Upgrade", "websocket")]), 200, "{mode}");
        assert_eq!(ask("POST", &[listed, ("Upgrade", "websocket")]), 400, "{mode}");
        assert_eq!(ask("GET", &[listed, ("Upgrade", "websocket, x")]), 400, "{mode}");
        assert_eq!(ask("GET", &[listed, ("Upgrade", "h2c")]), 400, "{mode}");
    }
}

/// A server drops what `Connection` names: nothing that was compared, or that the origin decides by, may be named.
#[test]
fn connection_names_no_other_header() {
    let gate = load(
        r#"{"profile":"generic","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}],
            "policy":{"roles":{"user":{"permissions":["x:read"]}},
                "routes":{"GET /x":{"access":"x:read","where":{"header.x-tenant":"tenant"}}}}}"#,
    );
    let claims = serde_json::json!({"sub": "alice", "roles": ["user"], "tenant": "t", "exp": NOW + 60});
    let token = sign(claims, SECRET);
    let ask = |connection: &str| {
        outcome(&bearer(&gate, "/x", &token, &[("X-Tenant", "t"), ("Connection", connection)]))
    };
    for good in ["close", "keep-alive, TE", "Upgrade, HTTP2-Settings", "", "close,"] {
        assert_eq!(ask(good), (200, "-"), "{good}");
    }
    for bad in [
        "X-Tenant",
        "close, x_tenant",
        "X-Trace",
        "authorization",
        "x-auth-subject",
        "host",
        "sec-websocket-protocol",
        "content-length",
    ] {
        assert_eq!(ask(bad), (400, "header_invalid"), "{bad}");
    }
}

/// A server that builds variables from header names cannot tell the spellings apart.
#[test]
fn other_spellings_of_removed_headers_go_as_well() {
    let gate = load(
        r#"{"profile":"agentflow","upstream":{"remove_headers":["X-Project-Name"]},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let twins = [("X_Project_Name", "p"), ("x-project_name", "p"), ("X_API_Key", "k"), ("X-Kept", "1")];
    let verdict = bearer(&gate, "/v1/threads", &token("user"), &twins);
    assert_eq!(forwarded(&verdict).remove_headers, ["x-project_name", "x_api_key", "x_project_name"]);
    let other = [("Sec_WebSocket_Protocol", "p"), ("X_Request_Id", "i"), ("X-Request-Id", "i")];
    let verdict = bearer(&gate, "/v1/threads", &token("user"), &other);
    assert_eq!(forwarded(&verdict).remove_headers, ["sec_websocket_protocol", "x_request_id"]);
    // A header that is written with an underscore in the document is the one that may stay.
    let hash = portcullis::api_key::plain_hash("ci-key");
    for (credential, removed) in [
        (r#""forward""#, &["x-api-key"][..]),
        (r#""swap","origin_key":{"env":"ORIGIN_SECRET"}"#, &["x-api-key", "x_api_key"][..]),
    ] {
        let gate = load(&format!(
            r#"{{"profile":"generic","credentials":{{"api_key_header":"X_Api_Key"}},
                "api_keys":{{"records":[{{"id":"ci","hash":"{hash}","roles":["user"]}}]}},
                "upstream":{{"credential":{credential}}},
                "policy":{{"roles":{{"user":{{"permissions":["x:read"]}}}},"routes":{{"GET /x":"x:read"}}}}}}"#
        ));
        let verdict = decide(&gate, "GET", "/x", &[("X_API_Key", "ci-key"), ("X-Api-Key", "other")]);
        assert_eq!(forwarded(&verdict).remove_headers, removed, "{credential}");
    }
}
