//! What RAGFlow's page and SDK are told: status, reason, and the body they go by.

use portcullis::Decision;
use portcullis_tests::outcome;
use serde_json::{Value, json};

use super::host::Page;
use super::ragflow::{KEY, SHARED, account, checking, cookie, example, host, token, unknown};

const ME: &str = "origin/api/v1/users/me";
const UNAUTHORIZED: &str = "<Unauthorized '401: Unauthorized'>";

#[test]
fn each_with_status_reason_and_body() {
    let named = |name: &str| example(name, "value");
    let cut = token()[..token().len() - 1].to_owned();
    let resigned = format!(
        "{}.{}",
        token().rsplit_once('.').unwrap().0,
        named("other secret").rsplit_once('.').unwrap().1
    );
    let down = Page::new(500, "text/html", "<html>");
    let session = |text: &str| ("authorization", text.to_owned());
    let key = ("authorization", format!("Bearer {KEY}"));
    let link = ("authorization", format!("Bearer {SHARED}"));
    let datasets = "/api/v1/datasets";
    let bot = "/api/v1/chatbots/of-another/info";
    let rejected = (401, "credential_rejected", UNAUTHORIZED);
    let forged = (401, "signature_invalid", UNAUTHORIZED);
    let malformed = (401, "token_malformed", UNAUTHORIZED);
    for (name, page, header, target, (status, reason, message)) in [
        (
            "expired",
            account(false, true),
            session(&named("right mac, same handle, time 0 (never expires in Python)")),
            datasets,
            (401, "token_too_old", UNAUTHORIZED),
        ),
        ("foreign", account(false, true), session(&named("other secret")), datasets, forged),
        ("signed again", account(false, true), session(&resigned), datasets, forged),
        ("a cookie as a token", account(false, true), session(&named("cookie as a token")), datasets, forged),
        ("cut off", account(false, true), session(&cut), datasets, malformed),
        ("padded", account(false, true), session(&named("padded mac")), datasets, malformed),
        ("nobody's", unknown(), session(&named("right mac, handle nobody has")), datasets, rejected),
        ("inactive", account(false, false), session(&token()), datasets, rejected),
        (
            "the cookie of an inactive account",
            account(false, false),
            ("cookie", cookie()),
            datasets,
            rejected,
        ),
        ("a key that is gone", unknown(), key.clone(), datasets, rejected),
        (
            "RAGFlow is down",
            down.clone(),
            session(&token()),
            datasets,
            (503, "ask_unavailable", "Service Unavailable"),
        ),
        (
            "RAGFlow is down, a key",
            down,
            key.clone(),
            datasets,
            (503, "ask_unavailable", "Service Unavailable"),
        ),
        ("a link that is none", account(false, true), link, bot, rejected),
        (
            "a key at a bot",
            account(false, true),
            key.clone(),
            bot,
            (403, "permission_missing", "No authorization."),
        ),
        (
            "a key that lists keys",
            account(false, true),
            key,
            "/api/v1/system/tokens",
            (403, "permission_denied", "No authorization."),
        ),
    ] {
        let mut host = host(&checking(), page);
        let verdict = host.verdict("GET", target, &[(header.0, &header.1)]);
        assert_eq!(outcome(&verdict), (status, reason), "{name}");
        let Decision::Deny(answer) = &verdict.decision else { panic!("{name}: let in") };
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body, json!({"code": status, "data": null, "message": message}), "{name}");
        assert!(!answer.body.contains(&header.1), "{name}");
    }
}

/// RAGFlow takes the header of two, and so does the gate: the account of the cookie is never asked about.
#[test]
fn a_cookie_of_one_beside_a_token_of_another() {
    let mut host = host(&checking(), account(false, true));
    let cookies = cookie();
    let own = token();
    let verdict = host.verdict("GET", "/api/v1/datasets", &[("authorization", &own), ("cookie", &cookies)]);
    assert_eq!(outcome(&verdict), (200, "-"));
    let asked = host.last.as_ref().unwrap().headers();
    assert!(asked.iter().all(|(name, _)| name != "cookie"), "{asked:?}");
    assert_eq!(host.count(ME), 1);
    let forward = portcullis_tests::forwarded(&verdict);
    assert!(forward.remove_headers.contains(&"cookie".to_owned()), "{forward:?}");
    // A bad token is not made up for by a good cookie.
    let other = example("other secret", "value");
    let verdict = host.verdict("GET", "/api/v1/datasets", &[("authorization", &other), ("cookie", &cookies)]);
    assert_eq!(outcome(&verdict), (401, "signature_invalid"));
}
