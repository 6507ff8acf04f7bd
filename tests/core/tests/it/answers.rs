//! What a refused caller is told: status, challenge and body, and what it is not told.

use portcullis::{Decision, Gate, HeaderPair, Reason, RequestHead, Response, UnixTime, Verdict};
use portcullis_tests::*;

fn answer(verdict: &Verdict) -> &Response {
    match &verdict.decision {
        Decision::Deny(answer) => answer,
        Decision::Allow(_) | Decision::Answer(_) => panic!("not refused"),
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

#[test]
fn agentflow_bodies_and_challenges() {
    let gate = agentflow();
    let expired = sign(serde_json::json!({"user_id": "alice", "exp": NOW}), SECRET);
    let narrowed =
        sign(serde_json::json!({"user_id": "alice", "role": "user", "scopes": [], "exp": NOW + 9}), SECRET);
    let bearer = |token: &str| vec![("authorization".to_owned(), format!("Bearer {token}"))];
    let two = [bearer("a"), bearer("b")].concat();
    for (method, target, headers, status, code, message, challenge) in [
        (
            "GET",
            "/v1/threads",
            vec![],
            401,
            "REVOKED_TOKEN",
            "Invalid token, please login again",
            Some(r#"Bearer realm="auth_required""#),
        ),
        (
            "GET",
            "/v1/threads",
            bearer("garbage"),
            401,
            "INVALID_TOKEN",
            "Invalid token, please login again",
            Some(r#"Bearer realm="auth_required", error="invalid_token""#),
        ),
        (
            "GET",
            "/v1/threads",
            bearer(&expired),
            401,
            "EXPIRED_TOKEN",
            "Token has expired, please login again",
            Some(r#"Bearer realm="auth_required", error="invalid_token""#),
        ),
        (
            "GET",
            "/v1/threads",
            bearer(&token("guest")),
            403,
            "HTTPException",
            "Not authorized to read checkpointer",
            Some(r#"Bearer realm="auth_required", error="insufficient_scope", scope="checkpointer:read""#),
        ),
        (
            "GET",
            "/v1/threads",
            bearer(&narrowed),
            403,
            "HTTPException",
            "Missing required scope: checkpointer:read",
            Some(r#"Bearer realm="auth_required", error="insufficient_scope", scope="checkpointer:read""#),
        ),
        ("GET", "/docs", vec![], 403, "HTTPException", "Forbidden", None),
        (
            "GET",
            "/v1/threads",
            two,
            400,
            "HTTPException",
            "More than one credential was sent",
            Some(r#"Bearer realm="auth_required", error="invalid_request""#),
        ),
        ("GET", "/%00", vec![], 400, "HTTPException", "Bad Request", None),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let verdict = decide(&gate, method, target, &headers);
        let answer = answer(&verdict);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(
            answer.body,
            format!(
                r#"{{"error":{{"code":"{code}","message":"{message}","details":[]}},"metadata":{{"request_id":"request-1","timestamp":"2026-11-22T00:00:00","message":"{message}"}}}}"#
            )
        );
        assert_eq!(header(answer, "www-authenticate"), challenge, "{target}");
        assert_eq!(header(answer, "content-type"), Some("application/json"));
        assert_eq!(header(answer, "cache-control"), Some("no-store"));
        assert_eq!(header(answer, "x-request-id"), Some("request-1"));
        assert_eq!(header(answer, "x-portcullis-reason"), None);
    }
}

#[test]
fn problem_details() {
    let gate = load(
        r#"{"profile":"generic","policy":{"routes":{"GET /a":"a:read"}},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let verdict = decide(&gate, "GET", "/a", &[]);
    assert_eq!(
        answer(&verdict).body,
        r#"{"type":"about:blank","title":"Unauthorized","status":401,"request_id":"request-1"}"#
    );
    assert_eq!(header(answer(&verdict), "content-type"), Some("application/problem+json"));
    assert_eq!(header(answer(&verdict), "www-authenticate"), Some(r#"Bearer realm="api""#));
    let refused = Verdict::refused(Reason::ConfigInvalid, "request-2", UnixTime::from_secs(NOW));
    assert_eq!(refused.diagnostics.reason, Some(Reason::ConfigInvalid));
    let refused = answer(&refused);
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.body,
        r#"{"type":"about:blank","title":"Service Unavailable","status":503,"request_id":"request-2"}"#
    );
    let pairs: [HeaderPair<'_>; 0] = [];
    let unreachable =
        agentflow().origin_unreachable(&RequestHead::new("GET", "/", &pairs), UnixTime::from_secs(NOW));
    assert_eq!(unreachable.status, 502);
    assert!(unreachable.body.starts_with(r#"{"error":{"code":"HTTPException","message":"Bad Gateway""#));
}

/// Status, body and content type of each kind of refusal.
fn refusals(gate: &Gate, protected: &str, forbidden: &str, claims: &serde_json::Value) -> Vec<(u16, String)> {
    let sign_until = |exp: u64| {
        let mut claims = claims.clone();
        claims["exp"] = serde_json::json!(exp);
        format!("Bearer {}", sign(claims, SECRET))
    };
    let (valid, expired) = (sign_until(NOW + 60), sign_until(NOW));
    let told = [
        (protected, vec![]),
        (protected, vec![("authorization", "Bearer garbage")]),
        (protected, vec![("authorization", expired.as_str())]),
        (forbidden, vec![("authorization", valid.as_str())]),
        (protected, vec![("authorization", "Bearer a"), ("authorization", "Bearer b")]),
        ("/%00", vec![]),
    ];
    told.iter()
        .map(|(target, headers)| {
            let verdict = decide(gate, "GET", target, headers);
            let answer = answer(&verdict);
            assert_eq!(header(answer, "content-type"), Some("application/json"));
            assert_eq!(header(answer, "cache-control"), Some("no-store"));
            assert_eq!(header(answer, "x-request-id"), Some("request-1"));
            assert_eq!(header(answer, "www-authenticate").is_some(), *target != "/%00");
            (answer.status, answer.body.clone())
        })
        .collect()
}

fn expected(bodies: [(u16, &str); 6]) -> Vec<(u16, String)> {
    bodies.iter().map(|(status, body)| (*status, (*body).to_owned())).collect()
}

#[test]
fn r2r_bodies() {
    let gate =
        load(r#"{"profile":"r2r","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#);
    let claims = serde_json::json!({"sub": "alice@example.com", "token_type": "access"});
    let told = refusals(&gate, "/v3/documents", "/v3/users", &claims);
    assert_eq!(
        told,
        expected([
            (401, r#"{"message":"No credentials provided.","error_type":"R2RException"}"#),
            (401, r#"{"message":"Invalid token or API key","error_type":"R2RException"}"#),
            (
                401,
                r#"{"message":"Invalid token: token expired","error_type":"R2RException","error_code":"TOKEN_EXPIRED"}"#
            ),
            (403, r#"{"message":"Insufficient permissions for this action.","error_type":"R2RException"}"#),
            (400, r#"{"message":"Cannot have both Bearer token and API key","error_type":"R2RException"}"#),
            (400, r#"{"message":"Bad Request","error_type":"R2RException"}"#),
        ])
    );
    // What makes r2r-js refresh its token, and only where that helps.
    for (status, body) in told {
        let body = body.to_lowercase();
        let refreshes =
            ["invalid token", "token expired", "credentials"].iter().any(|word| body.contains(word));
        assert_eq!(refreshes, status == 401, "{body}");
    }
}

#[test]
fn rag_modulo_bodies() {
    let gate = load(
        r#"{"profile":"rag-modulo","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let claims = serde_json::json!({"uuid": "u1", "sub": "u1", "role": "guest"});
    assert_eq!(
        refusals(&gate, "/api/collections", "/api/teams", &claims),
        expected([
            (401, r#"{"detail":"Authentication required"}"#),
            (401, r#"{"detail":"Invalid authentication credentials"}"#),
            (401, r#"{"detail":"Token expired"}"#),
            (403, r#"{"detail":"User is not authorized to access this resource"}"#),
            (400, r#"{"detail":"More than one credential was sent"}"#),
            (400, r#"{"detail":"Bad Request"}"#),
        ])
    );
}

#[test]
fn ragflow_bodies() {
    let gate = load(
        r#"{"profile":"ragflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}],
            "upstream":{"credential":"swap","origin_key":{"env":"ORIGIN_SECRET"}}}"#,
    );
    let told =
        refusals(&gate, "/api/v1/datasets", "/api/v1/system/tokens", &serde_json::json!({"sub": "alice"}));
    for (status, body) in &told {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], *status, "its clients go by the code");
    }
    assert_eq!(
        told,
        expected([
            (401, r#"{"code":401,"data":null,"message":"<Unauthorized '401: Unauthorized'>"}"#),
            (401, r#"{"code":401,"data":null,"message":"<Unauthorized '401: Unauthorized'>"}"#),
            (401, r#"{"code":401,"data":null,"message":"Token expired"}"#),
            (403, r#"{"code":403,"data":null,"message":"No authorization."}"#),
            (400, r#"{"code":400,"data":null,"message":"More than one credential was sent"}"#),
            (400, r#"{"code":400,"data":null,"message":"Bad Request"}"#),
        ])
    );
}

#[test]
fn one_rejected_credential_looks_like_another() {
    let gate = agentflow();
    let tokens = [
        "garbage".to_owned(),
        sign(serde_json::json!({"user_id": "alice", "exp": NOW + 9}), OTHER_SECRET),
        sign(serde_json::json!({"user_id": "alice"}), SECRET),
        sign(serde_json::json!({"user_id": "alice", "exp": NOW + 9, "aud": "x"}), SECRET),
        raw_token(r#"{"alg":"none"}"#, "{}", SECRET),
        raw_token(r#"{"alg":"HS256","crit":[]}"#, "{}", SECRET),
    ];
    let told: Vec<_> = tokens
        .iter()
        .map(|token| {
            let verdict = decide_with_token(&gate, "GET", "/v1/threads", token);
            let answer = answer(&verdict);
            (answer.clone(), verdict.diagnostics.reason)
        })
        .collect();
    for (other, _) in &told {
        assert_eq!(*other, told[0].0);
    }
    let reasons: std::collections::BTreeSet<_> = told.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons.len(), tokens.len(), "the operator can tell them apart");
}

#[test]
fn scripts_of_allowed_origins_can_read_a_refusal() {
    let gate = load(
        r#"{"profile":"agentflow","cors":{"allowed_origins":["https://app.example"]},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let allowed = |origins: &[&str]| {
        let headers: Vec<_> = origins.iter().map(|origin| ("Origin", *origin)).collect();
        let verdict = decide(&gate, "GET", "/v1/threads", &headers);
        header(answer(&verdict), "access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(allowed(&["https://app.example"]).as_deref(), Some("https://app.example"));
    assert_eq!(allowed(&["https://evil.example"]), None);
    assert_eq!(allowed(&["https://app.example", "https://evil.example"]), None);
    assert_eq!(allowed(&[]), None);
}

#[test]
fn the_reason_is_told_when_asked_for() {
    let gate = load(
        r#"{"profile":"agentflow","audit":{"reason_header":true},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let verdict = decide(&gate, "GET", "/v1/threads", &[]);
    assert_eq!(header(answer(&verdict), "x-portcullis-reason"), Some("credential_missing"));
}

#[test]
fn reason_codes_are_distinct_and_stable() {
    let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len());
    // Other systems match on these: the list only grows.
    assert_eq!(
        codes.join(" "),
        "path_invalid header_invalid origin_not_allowed credential_missing credential_ambiguous credential_malformed \
         credential_unsupported cross_site_request \
         token_malformed token_too_large token_type_mismatch critical_header algorithm_not_allowed key_unknown \
         signature_invalid token_revoked credential_rejected token_expired token_not_yet_valid token_issued_in_future token_too_old issuer_untrusted \
         audience_mismatch claim_missing claim_invalid api_key_malformed api_key_unknown api_key_expired \
         api_key_disabled route_unknown route_refused permission_missing permission_denied scope_missing origin_key_missing binding_mismatch \
         body_invalid body_too_large rate_limited keys_unavailable bundle_unavailable ask_unavailable revocations_unavailable config_invalid records_unavailable internal"
    );
}

/// The page for operators lists every reason, in order, with the status that callers get.
#[test]
fn the_documented_table_is_the_enum() {
    let page = include_str!("../../../../docs/reasons.md");
    let rows: Vec<(&str, u16)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| {
            let (code, rest) = row.split_once("` | ")?;
            Some((code, rest.split_once(' ')?.0.parse().ok()?))
        })
        .collect();
    let expected: Vec<_> = Reason::ALL.iter().map(|reason| (reason.code(), reason.status())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_caller_is_told_by_which_name_the_request_is_known_and_no_other() {
    for gate in [
        agentflow(),
        load(
            r#"{"profile":"generic","policy":{"routes":{"GET /v1/threads":"a:read"}},
        "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
        ),
    ] {
        let verdict = decide(&gate, "GET", "/v1/threads", &[]).with_request_id("request-7");
        let names = answer(&verdict).headers.iter().filter(|(name, _)| name == "x-request-id");
        assert_eq!(names.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["request-7"]);
        assert!(header(answer(&verdict), "content-type").is_some());
    }
}
