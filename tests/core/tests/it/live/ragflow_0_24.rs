//! RAGFlow v0.24.0: sessions without a scheme, keys behind one, and routes that look at no credential.

use portcullis_tests::outcome;
use serde_json::{Value, json};

use super::host::{Host, Page};
use super::ragflow::{KEY, SHARED, account, host, token, unknown};

const ME: &str = "origin/v1/user/info";
const SHARED_ASKED: &str = "origin/api/v1/searchbots/detail?search_id=none";

fn serving(page: Page) -> Host {
    let document = json!({"profile": "ragflow-0.24", "identity": "origin",
        "credentials": {"session": {"secret": {"env": "RAGFLOW_SECRET_KEY"}}}});
    let mut host = host(&document, unknown());
    host.serve(ME, page);
    host
}

fn with(host: &mut Host, method: &str, target: &str, credential: &str) -> (u16, &'static str) {
    outcome(&host.verdict(method, target, &[("authorization", credential)]))
}

#[test]
fn a_session_stands_without_a_scheme_and_a_key_behind_one() {
    let asked = |host: &Host| {
        let headers = host.last.as_ref().unwrap().headers();
        headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone()
    };
    let mut host = serving(account(false, true));
    let verdict = host.verdict("GET", "/v1/kb/detail?kb_id=k1", &[("authorization", &token())]);
    assert_eq!(outcome(&verdict), (200, "-"));
    let forward = portcullis_tests::forwarded(&verdict);
    assert!(!forward.set_headers.iter().any(|(name, _)| name == "authorization"), "{forward:?}");
    assert_eq!(asked(&host), token());
    let bearer = format!("Bearer {KEY}");
    assert_eq!(with(&mut host, "GET", "/api/v1/datasets", &bearer), (200, "-"));
    assert_eq!(asked(&host), bearer);
    assert_eq!(with(&mut host, "GET", "/api/v1/datasets", KEY), (401, "token_malformed"));
    // This version finds no session behind a scheme, and says so when it is asked.
    host.serve(ME, unknown());
    let session = format!("Bearer {}", token());
    assert_eq!(with(&mut host, "GET", "/v1/kb/detail", &session), (401, "credential_rejected"));
    assert_eq!(asked(&host), session);
    assert_eq!(with(&mut host, "GET", "/v1/kb/detail", &token()), (200, "-"));
    // Its cookie is for logins by other services.
    let cookie = [("cookie", "session=a.b.c")];
    assert_eq!(outcome(&host.verdict("GET", "/v1/kb/detail", &cookie)), (401, "credential_missing"));
}

#[test]
fn who_an_account_is() {
    let bearer = format!("Bearer {KEY}");
    let session = token();
    let (denied, missing, good) = ((403, "permission_denied"), (403, "permission_missing"), (200, "-"));
    let routes = [
        ("POST", "/v1/system/new_token"),
        ("GET", "/v1/api/token_list"),
        ("DELETE", "/v1/system/token/ragflow-x"),
        ("GET", "/v1/user/logout"),
        ("POST", "/v1/llm/set_api_key"),
        ("GET", "/api/v1/chatbots/c1/info"),
    ];
    for (credential, expected) in [
        (&session, [good, good, good, good, good, missing]),
        (&bearer, [denied, denied, denied, denied, good, missing]),
    ] {
        let mut host = serving(account(false, true));
        for ((method, target), expected) in routes.into_iter().zip(expected) {
            assert_eq!(with(&mut host, method, target, credential), expected, "{method} {target}");
        }
    }
    let mut inactive = serving(account(true, false));
    assert_eq!(with(&mut inactive, "GET", "/v1/kb/detail", &session), (401, "credential_rejected"));
}

#[test]
fn what_the_server_gives_to_anybody_takes_a_caller() {
    let mut host = serving(account(false, true));
    for (method, target) in [
        ("POST", "/v1/canvas/upload/c1"),
        ("GET", "/v1/canvas/trace?canvas_id=c1"),
        ("GET", "/v1/canvas/download?id=f1"),
        ("GET", "/v1/document/thumbnails?doc_ids=d1"),
        ("GET", "/v1/document/image/b1-i1"),
        ("POST", "/v1/document/upload_info"),
        ("POST", "/v1/mcp_server/test_mcp"),
        ("POST", "/api/v1/webhook_test/a1"),
        ("GET", "/api/v1/webhook_trace/a1"),
    ] {
        assert_eq!(outcome(&host.verdict(method, target, &[])), (401, "credential_missing"), "{target}");
        assert_eq!(with(&mut host, method, target, &token()), (200, "-"), "{target}");
    }
    for (method, target, expected) in [
        ("POST", "/v1/user/login", (200, "-")),
        ("POST", "/api/v1/webhook/a1", (200, "-")),
        ("GET", "/v1/system/ping", (200, "-")),
        ("POST", "/v1/user/register", (403, "route_refused")),
    ] {
        assert_eq!(outcome(&host.verdict(method, target, &[])), expected, "{target}");
    }
}

/// It answers 200 to everybody there, and by the code of the body one sees to whom.
#[test]
fn a_link_is_told_by_the_code() {
    let answer = |code: u16, message: &str| {
        Page::json(&json!({"code": code, "data": Value::Bool(false), "message": message}))
    };
    let bearer = format!("Bearer {SHARED}");
    for (page, expected) in [
        (answer(103, "Has no permission for this operation."), (200, "-")),
        (answer(102, "Authentication error: API key is invalid!\""), (401, "credential_rejected")),
    ] {
        let mut host = serving(account(true, true));
        host.serve(SHARED_ASKED, page);
        for (method, target) in [
            ("GET", "/api/v1/chatbots/c1/info"),
            ("GET", "/api/v1/documents/d1"),
            ("GET", "/v1/canvas/getsse/a1"),
            ("GET", "/v1/conversation/getsse/c1"),
        ] {
            assert_eq!(with(&mut host, method, target, &bearer), expected, "{target}");
        }
        if expected.0 == 200 {
            let other = with(&mut host, "GET", "/api/v1/datasets", &bearer);
            assert_eq!(other, (403, "permission_missing"));
        }
        assert_eq!(host.sent.len(), 1);
    }
}
