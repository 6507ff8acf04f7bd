//! What the profiles R2R, RAG Modulo and RAGFlow know about their origins, beyond routes and roles.

use portcullis::api_key::plain_hash;
use portcullis::{CredentialHandling, Gate, HeaderPair, RequestHead, Step, UnixTime};
use portcullis_tests::*;
use serde_json::{Value, json};

const KEYS: &str = r#""keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]"#;

fn r2r_token(claims: Value) -> String {
    let mut all = json!({"sub": "alice@example.com", "token_type": "access", "exp": NOW + 60});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    sign(all, SECRET)
}

fn with_token(gate: &Gate, method: &str, target: &str, token: &str) -> (u16, &'static str) {
    outcome(&decide_with_token(gate, method, target, token))
}

fn set<'f>(forward: &'f portcullis::Forward, name: &str) -> Option<&'f str> {
    forward.set_headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// Tokens that a live R2R server issued at 1795306811, whose times are fractions.
#[test]
fn r2r_tokens_as_the_server_issues_them() {
    const ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbkBleGFtcGxlLmNvbSIsInRva2VuX3R5cGUiOiJhY2Nlc3MiLCJleHAiOjE3OTg5MDY4MTEuMjE4ODU5LCJpYXQiOjE3OTUzMDY4MTEuMjE4ODk5LCJuYmYiOjE3OTUzMDY4MTEuMjE4ODk5LCJqdGkiOiJmMkEyLWY5M29NbTk2N3FpNmo1WkJRPT0iLCJub25jZSI6Ikl6Sk9oZE5QWk53Zk5mZUp6UFdPY3c9PSJ9.xVXgRn8iN-LNNXZS3IAQiS6kF14mEq0oJk-MWwVeD54";
    const REFRESH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbkBleGFtcGxlLmNvbSIsInRva2VuX3R5cGUiOiJyZWZyZXNoIiwiZXhwIjoxNzk1OTExNjExLjIxOTI0MywiaWF0IjoxNzk1MzA2ODExLjIxOTI0OCwibmJmIjoxNzk1MzA2ODExLjIxOTI0OCwianRpIjoiVU5Oel9Zd0lVbmNTb2hQR21yOEZOQT09Iiwibm9uY2UiOiItelB3MDZIX0NscUlUdDVBdXBrTWd3PT0ifQ.Tkj7QByfesxUWJzkKe6J4Wy4RODMY1JX32YgvkB6xik";
    let mut env = Env::standard();
    env.0.insert("R2R_SECRET_KEY", "0123456789abcdef".repeat(3));
    let gate = try_load(
        br#"{"profile":"r2r","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"R2R_SECRET_KEY"}}],
            "subject_roles":{"admin@example.com":["admin"]}}]}"#,
        &env,
    )
    .unwrap();
    let ask = |token: &str, now: u64| {
        let authorization = format!("Bearer {token}");
        let pairs = [HeaderPair::new("authorization", &authorization)];
        match gate.begin(&RequestHead::new("GET", "/v3/system/settings", &pairs), UnixTime::from_secs(now)) {
            Step::Verdict(verdict) => outcome(&verdict),
            Step::Need(need) => panic!("{need:?}"),
        }
    };
    assert_eq!(ask(ACCESS, 1_795_306_811), (200, "-"));
    assert_eq!(ask(ACCESS, 1_798_906_810), (200, "-"));
    assert_eq!(ask(ACCESS, 1_798_906_811), (401, "token_expired"));
    assert_eq!(ask(ACCESS, 1_795_306_810), (401, "token_not_yet_valid"));
    assert_eq!(ask(REFRESH, 1_795_306_811), (401, "token_type_mismatch"));
    // The server takes both of these for the token they contain.
    assert_eq!(ask(&format!("{ACCESS}="), 1_795_306_811), (401, "token_malformed"));
    assert_eq!(ask(&format!("xxtoken={ACCESS}"), 1_795_306_811), (401, "credential_malformed"));
}

#[test]
fn roles_by_subject() {
    let gate = load(&format!(
        r#"{{"profile":"r2r","issuers":[{{{KEYS},"subject_roles":{{"root@example.com":["admin"],"none@example.com":[]}}}}]}}"#
    ));
    for (claims, settings, documents) in [
        (json!({"sub": "root@example.com"}), 200, 200),
        (json!({}), 403, 200),
        (json!({"sub": "Root@example.com"}), 403, 200),
        // No roles are roles of one's own.
        (json!({"sub": "none@example.com"}), 403, 403),
        // What the token itself says comes first.
        (json!({"sub": "root@example.com", "roles": ["user"]}), 403, 200),
        (json!({"sub": "root@example.com", "role": []}), 403, 403),
        (json!({"sub": "root@example.com", "roles": null}), 200, 200),
    ] {
        let token = r2r_token(claims.clone());
        assert_eq!(with_token(&gate, "GET", "/v3/system/settings", &token).0, settings, "{claims}");
        assert_eq!(with_token(&gate, "GET", "/v3/documents", &token).0, documents, "{claims}");
    }
}

const R2R_KEY: &str = "key_kPzqAbCdEfGhIjKlMnOpSg==.AzCxAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abU=";

#[test]
fn r2r_keys_and_headers() {
    let hash = plain_hash(R2R_KEY);
    let gate = load(&format!(
        r#"{{"profile":"r2r","issuers":[{{{KEYS}}}],
            "api_keys":{{"records":[{{"id":"ci","hash":"{hash}","owner":"ci@example.com","roles":["user"]}}]}}}}"#
    ));
    let bearer = format!("Bearer {R2R_KEY}");
    for headers in [[("authorization", bearer.as_str())], [("x-api-key", R2R_KEY)]] {
        let verdict = decide(&gate, "GET", "/v3/documents", &headers);
        let forward = forwarded(&verdict);
        assert_eq!(forward.remove_headers, [""; 0], "the credential stays");
        assert_eq!(forward.credential, CredentialHandling::Forward);
        assert_eq!(set(forward, "x-auth-subject"), Some("ci@example.com"));
        // Nobody works in another tenant than it means to.
        let verdict =
            decide(&gate, "GET", "/v3/documents", &[headers[0], ("X-Project-Name", "other_tenant")]);
        assert_eq!(outcome(&verdict), (400, "header_invalid"));
    }
    let ask = |headers: &[(&str, &str)]| outcome(&decide(&gate, "GET", "/v3/documents", headers));
    assert_eq!(ask(&[("authorization", R2R_KEY)]), (401, "credential_unsupported"));
    assert_eq!(ask(&[("authorization", "Bearer key_a==.b")]), (401, "api_key_unknown"));
    assert_eq!(ask(&[("authorization", "Bearer pk_a.sk_b")]), (401, "api_key_unknown"));
    // The same one twice is one; another beside it is one too many.
    assert_eq!(ask(&[("authorization", &bearer), ("x-api-key", R2R_KEY)]), (200, "-"));
    assert_eq!(ask(&[("authorization", &bearer), ("x-api-key", "key_a==.b")]), (400, "credential_ambiguous"));
    // On a public route nobody's credential is verified, and so none arrives.
    let verdict = decide(&gate, "POST", "/v3/users/login", &[("authorization", &bearer), ("x-debug", "a")]);
    assert_eq!(forwarded(&verdict).remove_headers, ["authorization"]);
}

#[test]
fn what_is_minted_for_r2r_is_an_access_token() {
    let gate = load(&format!(
        r#"{{"profile":"r2r","issuers":[{{{KEYS},"token_profile":"jwt"}}],
            "upstream":{{"credential":"swap","token":{{"secret":{{"env":"ORIGIN_SECRET"}}}}}}}}"#
    ));
    let verdict = decide_with_token(&gate, "GET", "/v3/documents", &r2r_token(json!({})));
    let token = set(forwarded(&verdict), "authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let payload = portcullis::base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&claims["sub"], &claims["token_type"]), (&json!("alice@example.com"), &json!("access")));
    // The gate in front of the origin takes it, too.
    let mut env = Env::standard();
    env.0.insert("JWT_SECRET_KEY", ORIGIN_SECRET.to_owned());
    let origin = try_load(format!(r#"{{"profile":"r2r","issuers":[{{{KEYS}}}]}}"#).as_bytes(), &env).unwrap();
    assert_eq!(with_token(&origin, "GET", "/v3/documents", token), (200, "-"));
}

/// What RAG Modulo itself allows: it verifies nothing.
#[test]
fn rag_modulo_gets_verified_tokens_only() {
    let gate = load(&format!(r#"{{"profile":"rag-modulo","issuers":[{{{KEYS}}}]}}"#));
    let claims = |more: Value| {
        let mut all = json!({"sub": "oidc|1", "uuid": "u1", "role": "user", "exp": NOW + 60});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let ask = |token: &str| with_token(&gate, "GET", "/api/collections", token);
    assert_eq!(ask(&sign(claims(json!({})), SECRET)), (200, "-"));
    for (token, reason) in [
        (sign(claims(json!({})), OTHER_SECRET), "signature_invalid"),
        (sign(claims(json!({"exp": 1})), SECRET), "token_expired"),
        (sign(claims(json!({"exp": null})), SECRET), "claim_invalid"),
        (raw_token(r#"{"alg":"none"}"#, &claims(json!({})).to_string(), SECRET), "algorithm_not_allowed"),
        ("dev-anything".to_owned(), "token_malformed"),
        ("dev-bypass-auth".to_owned(), "token_malformed"),
        ("mock_token_for_testing".to_owned(), "token_malformed"),
        (sign(claims(json!({"sub": "spiffe://rag-modulo.example.com/agent/x"})), SECRET), "claim_invalid"),
        (sign(claims(json!({"sub": "SPIFFE://td/agent/x"})), SECRET), "claim_invalid"),
        (sign(claims(json!({"uuid": "spiffe://td/agent/x"})), SECRET), "claim_invalid"),
        (sign(claims(json!({"uuid": null})), SECRET), "claim_missing"),
    ] {
        assert_eq!(ask(&token), (401, reason), "{token}");
    }
    // Whatever kind of token it is: the server reads `sub` in what is minted as well.
    let swap = load(&format!(
        r#"{{"profile":"rag-modulo","issuers":[{{{KEYS},"token_profile":"jwt"}}],
            "upstream":{{"credential":"swap","token":{{"secret":{{"env":"ORIGIN_SECRET"}}}}}}}}"#
    ));
    let agent = sign(claims(json!({"sub": "spiffe://td/agent/x"})), SECRET);
    assert_eq!(with_token(&swap, "GET", "/api/collections", &agent), (401, "claim_invalid"));
    assert_eq!(with_token(&swap, "GET", "/api/collections", &sign(claims(json!({})), SECRET)), (200, "-"));
    // A token that names no role has none.
    assert_eq!(ask(&sign(claims(json!({"role": null})), SECRET)), (403, "permission_missing"));

    let authorization = format!("Bearer {}", sign(claims(json!({})), SECRET));
    let headers = [
        ("authorization", authorization.as_str()),
        ("X-User-UUID", "u2"),
        ("X-User-Role", "admin"),
        ("X-Authenticated-User", "root@example.com"),
        ("X-SPIFFE-JWT", "a.b.c"),
    ];
    let verdict = decide(&gate, "GET", "/api/collections", &headers);
    assert_eq!(
        forwarded(&verdict).remove_headers,
        ["x-authenticated-user", "x-spiffe-jwt", "x-user-role", "x-user-uuid"]
    );
    // A WebSocket's token moves from the URL into the header; the server reads either.
    let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("x-api-key", "k")];
    let token = sign(claims(json!({})), SECRET);
    // A user gets there if the document says so: frames name conversations, and the server does not ask whose.
    let socket = format!("/ws?token={token}&a=1");
    assert_eq!(outcome(&decide(&gate, "GET", &socket, &upgrade[..2])), (403, "permission_missing"));
    let opened = load(&format!(
        r#"{{"profile":"rag-modulo","policy":{{"routes":{{"WEBSOCKET /ws":"chat:invoke"}}}},"issuers":[{{{KEYS}}}]}}"#
    ));
    let verdict = decide(&opened, "GET", &socket, &upgrade[..2]);
    assert_eq!(forwarded(&verdict).target, "/ws?a=1");
    assert_eq!(set(forwarded(&verdict), "authorization"), Some(authorization.as_str()));
    assert_eq!(forwarded(&decide(&gate, "GET", "/ws/health", &upgrade)).remove_headers, ["x-api-key"]);
    // A renamed header leaves nothing of the name that the MCP server believes in.
    let renamed = load(&format!(
        r#"{{"profile":"rag-modulo","credentials":{{"api_key_header":"X-Key"}},"issuers":[{{{KEYS}}}]}}"#
    ));
    let headers = [("authorization", authorization.as_str()), ("X-API-Key", "k")];
    assert_eq!(
        forwarded(&decide(&renamed, "GET", "/api/collections", &headers)).remove_headers,
        ["x-api-key"]
    );
}

/// A route of the document keeps the bindings of the profile's, unless it writes its own.
#[test]
fn a_route_of_the_document_keeps_the_profiles_bindings() {
    let token = sign(json!({"uuid": "u1", "role": "user", "exp": NOW + 60, "tenant": "t"}), SECRET);
    for (route, own, other) in [
        ("", (200, "-"), (403, "binding_mismatch")),
        (r#""GET /api/users/{user_id}":"users:read""#, (200, "-"), (403, "binding_mismatch")),
        (r#""GET /api/users/{id}":"users:read""#, (200, "-"), (403, "binding_mismatch")),
        (r#""GET /api/users/{id}":{"access":"users:read"}"#, (200, "-"), (403, "binding_mismatch")),
        (r#""GET /api/users/{id}":{"access":"users:read","where":{}}"#, (200, "-"), (200, "-")),
        (
            r#""GET /api/users/{id}":{"access":"users:read","where":{"query.tenant":"tenant"}}"#,
            (403, "binding_mismatch"),
            (403, "binding_mismatch"),
        ),
    ] {
        let gate = load(&format!(
            r#"{{"profile":"rag-modulo","policy":{{"routes":{{{route}}}}},"issuers":[{{{KEYS}}}]}}"#
        ));
        assert_eq!(with_token(&gate, "GET", "/api/users/u1", &token), own, "{route}");
        assert_eq!(with_token(&gate, "GET", "/api/users/u2", &token), other, "{route}");
        // Other routes of the kind keep theirs.
        assert_eq!(
            with_token(&gate, "GET", "/api/users/u2/files", &token),
            (403, "route_unknown"),
            "{route}"
        );
        let outcome = with_token(&gate, "GET", "/api/users/u2/pipelines", &token);
        assert_eq!(outcome, (403, "binding_mismatch"), "{route}");
    }
}

const RAGFLOW_KEY: &str = "ragflow-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";

#[test]
fn ragflow_keys_and_what_it_calls_tokens() {
    let hash = plain_hash(RAGFLOW_KEY);
    let records = format!(r#""api_keys":{{"records":[{{"id":"ci","hash":"{hash}","roles":["user"]}}]}}"#);
    let keys_only = load(&format!(r#"{{"profile":"ragflow",{records}}}"#));
    let swapping = load(&format!(
        r#"{{"profile":"ragflow",{records},"issuers":[{{{KEYS}}}],
            "upstream":{{"credential":"swap","origin_key":{{"env":"ORIGIN_SECRET"}}}}}}"#
    ));
    let bearer = format!("Bearer {RAGFLOW_KEY}");
    for value in [RAGFLOW_KEY, &bearer] {
        let forward = decide(&keys_only, "GET", "/api/v1/datasets", &[("authorization", value)]);
        assert_eq!(forwarded(&forward).credential, CredentialHandling::Forward);
        assert_eq!(forwarded(&forward).remove_headers, [""; 0]);
        let swap = decide(&swapping, "GET", "/api/v1/datasets", &[("authorization", value)]);
        assert_eq!(set(forwarded(&swap), "authorization"), Some(format!("Bearer {ORIGIN_SECRET}").as_str()));
    }
    // A session token is three segments of base64url, and no JWS.
    let session = "IjRiNjNiYmJjZTY1ZDQzZTlhN2RjNmQwMWQ5NjBiYjRmIg.awI2QA.CXETSNGxoD_-ptes258B66QpvMQ";
    let bearer_session = format!("Bearer {session}");
    for (gate, headers, reason) in [
        (&keys_only, vec![("authorization", session)], "credential_unsupported"),
        (&swapping, vec![("authorization", session)], "credential_unsupported"),
        (&keys_only, vec![("authorization", bearer_session.as_str())], "credential_unsupported"),
        (&swapping, vec![("authorization", bearer_session.as_str())], "token_malformed"),
        (&swapping, vec![("cookie", "session=abc")], "credential_missing"),
        (&swapping, vec![("x-api-key", RAGFLOW_KEY)], "credential_missing"),
        (&swapping, vec![("authorization", "ragflow-unknown")], "api_key_unknown"),
        (&swapping, vec![("authorization", "pc_unknown")], "credential_unsupported"),
    ] {
        assert_eq!(outcome(&decide(gate, "GET", "/api/v1/datasets", &headers)), (401, reason), "{headers:?}");
    }
    // A token of the issuers becomes the one key; keys and shared bots stay out of reach.
    let token = sign(json!({"sub": "alice", "exp": NOW + 60}), SECRET);
    let verdict = decide_with_token(&swapping, "GET", "/api/v1/datasets", &token);
    assert_eq!(set(forwarded(&verdict), "authorization"), Some(format!("Bearer {ORIGIN_SECRET}").as_str()));
    assert_eq!(set(forwarded(&verdict), "x-auth-subject"), Some("alice"));
    assert_eq!(with_token(&swapping, "GET", "/api/v1/system/tokens", &token), (403, "permission_missing"));
    assert_eq!(with_token(&swapping, "GET", "/api/v1/system/tokens/", &token), (403, "permission_missing"));
    assert_eq!(
        with_token(&swapping, "GET", "/api/v1/searchbots/detail", &token),
        (403, "permission_missing")
    );
}

#[test]
fn the_key_for_the_origin_is_not_shown() {
    let document = format!(
        r#"{{"profile":"ragflow","issuers":[{{{KEYS}}}],
            "upstream":{{"credential":"swap","origin_key":{{"env":"ORIGIN_SECRET"}}}}}}"#
    );
    assert!(!format!("{:?}", load(&document)).contains(ORIGIN_SECRET));
    for secret in [
        "ragflow-with a space in the middle of it",
        "ragflow-short",
        &"0123456789".repeat(52),
        "käse-und-wein-käse-und-wein-käse",
    ] {
        let mut env = Env::standard();
        env.0.insert("ORIGIN_SECRET", secret.to_owned());
        let error = try_load(document.as_bytes(), &env).unwrap_err().to_string();
        assert!(
            error.starts_with("/upstream/origin_key/env: secret \"ORIGIN_SECRET\" is no API key"),
            "{error}"
        );
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn a_slash_at_the_end_is_forwarded_as_it_came() {
    let token = sign(json!({"sub": "alice", "exp": NOW + 60}), SECRET);
    let gate = load(&format!(
        r#"{{"profile":"ragflow","issuers":[{{{KEYS}}}],
            "upstream":{{"credential":"swap","origin_key":{{"env":"ORIGIN_SECRET"}}}}}}"#
    ));
    for (target, route) in [
        ("/api/v1/datasets", "GET /api/v1/datasets"),
        ("/api/v1/datasets/", "GET /api/v1/datasets"),
        ("/api/v1/datasets/?a=1", "GET /api/v1/datasets"),
        ("/api/v1/datasets/d/skills/", "GET /api/v1/datasets/{dataset_id}/skills"),
        ("/api/v1/datasets/d/skills/a/b/", "GET /api/v1/datasets/{dataset_id}/skills/{skill_kwd:path}"),
        (
            "/api/v1/datasets/d/navigation/a/children",
            "GET /api/v1/datasets/{dataset_id}/navigation/{name:path}",
        ),
        ("/api/v1/messages/m:n/content", "GET /api/v1/messages/{message}/content"),
    ] {
        let verdict = decide_with_token(&gate, "GET", target, &token);
        assert_eq!(forwarded(&verdict).target, target);
        assert_eq!(verdict.diagnostics.route.as_deref(), Some(route), "{target}");
    }
    // Elsewhere it counts, unless the document says otherwise.
    for (member, expected) in [
        ("", (403, "route_unknown")),
        (r#""trailing_slash":"distinct","#, (403, "route_unknown")),
        (r#""trailing_slash":"ignored","#, (200, "-")),
    ] {
        let gate = load(&format!(
            r#"{{"profile":"generic","issuers":[{{{KEYS}}}],"policy":{{{member}"default_role":"r",
                "roles":{{"r":{{"permissions":["a:read"]}}}},"routes":{{"GET /a":"a:read","GET /b/":"a:read"}}}}}}"#
        ));
        assert_eq!(with_token(&gate, "GET", "/a", &token), (200, "-"));
        assert_eq!(with_token(&gate, "GET", "/a/", &token), expected, "{member}");
        assert_eq!(with_token(&gate, "GET", "/b", &token), expected, "{member}");
        assert_eq!(with_token(&gate, "GET", "/b/", &token), (200, "-"));
    }
}
