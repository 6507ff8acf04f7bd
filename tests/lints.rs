//! Notices: what a configuration that loads is told about itself, and what it is not.

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

use common::*;
use portcullis::{Gate, Lint, Severity};
use serde_json::{Value, json};

/// A document without anything to notice.
fn clean() -> Value {
    json!({
        "profile": "generic",
        "issuers": [{"issuer": "https://idp.example", "audience": "api", "max_age_secs": 86_400, "leeway_secs": 59,
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {
            "roles": {
                "reader": {"permissions": ["doc:read", "*:read"]},
                "writer": {"inherits": ["reader"], "permissions": ["doc:write"], "deny": ["doc:delete"]},
                "alias": {"inherits": ["writer"]},
                "suspended": {"deny": ["*"]}
            },
            "routes": {
                "GET /": "public",
                "OPTIONS /doc": "public",
                "GET /doc/{id}": "doc:read",
                "PUT /doc/{id}": "doc:write",
                "DELETE /doc/{id}": "doc:delete",
                "POST /log": "refused"
            }
        }
    })
}

/// `document` with `value` at `pointer`, and with nothing there if it is null.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    let members = parent.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(&name).map(|_| ())
    } else {
        members.insert(name, value).map(|_| ())
    };
    document
}

fn notices(document: &Value) -> Vec<String> {
    let gate = load(&document.to_string());
    gate.notices().iter().map(|notice| format!("{} {}", notice.lint.code(), notice.pointer)).collect()
}

#[test]
fn nothing_is_noticed_where_nothing_is_to_be() {
    assert_eq!(notices(&clean()), [""; 0]);
}

#[test]
fn each_lint_at_its_place() {
    let roles = "/policy/roles";
    for (pointer, value, expected) in [
        ("/issuers/0/audience", json!(null), &["audience_missing /issuers/0"][..]),
        ("/issuers/0/audience", json!([]), &["audience_missing /issuers/0"]),
        ("/issuers/0/max_age_secs", json!(null), &["token_age_unbounded /issuers/0"]),
        ("/issuers/0/max_age_secs", json!(86_401), &["token_age_unbounded /issuers/0/max_age_secs"]),
        ("/issuers/0/leeway_secs", json!(60), &["leeway_maximal /issuers/0/leeway_secs"]),
        (
            "/issuers/0/jwks",
            json!({"keys": [{"kty": "EC", "crv": "secp256k1", "kid": "x", "x": "AA", "y": "AA"},
                {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}),
            &["key_unused /issuers/0/jwks/keys/0"],
        ),
        (&format!("{roles}/none"), json!({}), &["role_empty /policy/roles/none"]),
        (
            &format!("{roles}/none"),
            json!({"permissions": ["doc:raed"]}),
            &["permission_unused /policy/roles/none/permissions/0"],
        ),
        (
            &format!("{roles}/none"),
            json!({"permissions": ["doc:read", "docs:*", "*:raed"]}),
            &[
                "permission_unused /policy/roles/none/permissions/1",
                "permission_unused /policy/roles/none/permissions/2",
            ],
        ),
        (
            &format!("{roles}/none"),
            json!({"deny": ["doc:delet"]}),
            &["deny_unused /policy/roles/none/deny/0"],
        ),
        (
            &format!("{roles}/a~1b"),
            json!({"permissions": ["*"]}),
            &["wildcard_write /policy/roles/a~1b/permissions/0"],
        ),
        (
            &format!("{roles}/x"),
            json!({"permissions": ["*:*"]}),
            &["wildcard_write /policy/roles/x/permissions/0"],
        ),
        (
            &format!("{roles}/x"),
            json!({"permissions": ["doc:*"]}),
            &["wildcard_write /policy/roles/x/permissions/0"],
        ),
        (
            &format!("{roles}/x"),
            json!({"permissions": ["*:delete"]}),
            &["wildcard_write /policy/roles/x/permissions/0"],
        ),
        ("/policy/routes/POST ~1in", json!("public"), &["public_mutation /policy/routes/POST ~1in"]),
        (
            "/policy/routes/WEBSOCKET ~1ws",
            json!("public"),
            &["public_mutation /policy/routes/WEBSOCKET ~1ws"],
        ),
        ("/policy/routes/GET ~1docs~1", json!("public"), &["docs_open /policy/routes/GET ~1docs~1"]),
        (
            "/policy/routes/GET ~1v1~1openapi.json",
            json!("public"),
            &["docs_open /policy/routes/GET ~1v1~1openapi.json"],
        ),
        (
            "/cors",
            json!({"allowed_origins": ["https://a.example", "*"]}),
            &["cors_any_origin /cors/allowed_origins/1"],
        ),
        ("/audit", json!({"reason_header": true}), &["reason_header /audit/reason_header"]),
        ("/mode", json!("report"), &["report_mode /mode"]),
    ] {
        assert_eq!(notices(&with(clean(), pointer, value.clone())), expected, "{pointer} {value}");
    }
}

#[test]
fn silent_where_it_would_have_to_guess() {
    for (pointer, value) in [
        // Without a route that asks for something, nobody can tell a slip from a plan.
        ("/policy/routes", json!({"GET /": "public"})),
        ("/policy/routes/GET ~1documents", json!("public")),
        ("/policy/routes/GET ~1docs", json!("doc:read")),
    ] {
        assert_eq!(notices(&with(clean(), pointer, value)), [""; 0], "{pointer}");
    }
    // Their tokens have no `aud`.
    for kind in ["r2r", "rag-modulo"] {
        let document = with(clean(), "/issuers/0/audience", json!(null));
        assert_eq!(notices(&with(document, "/issuers/0/token_profile", json!(kind))), [""; 0]);
    }
    // The profile's own roles and routes are not for the document to mend.
    let example = include_str!("../examples/agentflow/portcullis.json");
    let env = Env([
        ("JWT_SECRET_KEY", SECRET),
        ("PORTCULLIS_PEPPER", PEPPER),
        ("ORIGIN_JWT_SECRET", ORIGIN_SECRET),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into());
    let gate = Gate::load(example.as_bytes(), &env).unwrap();
    let found: Vec<_> = gate.notices().iter().map(|notice| (notice.lint, notice.pointer.as_str())).collect();
    assert_eq!(found, [(Lint::TokenAgeUnbounded, "/issuers/0")]);
    assert_eq!(gate.warnings().count(), 0);
}

#[test]
fn the_documentation_of_a_profile() {
    let mut document = with(clean(), "/profile", json!("agentflow"));
    document["issuers"][0]["claims"] = json!({"subject": "/user_id"});
    document["policy"] = json!({"docs": "public"});
    assert_eq!(notices(&document), ["docs_open /policy/docs"]);
    let warnings: Vec<String> = load(&document.to_string()).warnings().map(ToString::to_string).collect();
    assert_eq!(warnings, ["/policy/docs: anybody may read the documentation of the API"]);
    document["policy"]["docs"] = json!("graph:read");
    assert_eq!(notices(&document), [""; 0]);
}

#[test]
fn findings_are_bounded() {
    let many = |text: &str| json!({"permissions": vec![text; 10_000]});
    let document = with(clean(), "/policy/roles/x", many("docs:read"));
    let gate = load(&document.to_string());
    assert_eq!(gate.notices().len(), 101);
    let last = gate.notices().last().unwrap();
    assert_eq!((last.lint, last.message.as_str()), (Lint::MoreNotices, "there are 9900 more notices"));

    // Wildcards upon wildcards, under a name that every error repeats.
    let under = |name: usize| {
        let document =
            with(clean(), &format!("/policy/roles/{}", "*".repeat(name)), many("**:*:*")).to_string();
        Gate::load(document.as_bytes(), &Env::standard()).unwrap_err()
    };
    let errors = under(512);
    assert_eq!(errors.iter().count(), 101);
    assert_eq!(errors.iter().last().unwrap().message, "there are 9900 more errors; mend these first");
    let errors: Vec<_> = under(1 << 20).iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "/policy/roles: the name of a role is longer than 512 bytes, the most a token may carry; shorten it"
        ]
    );
}

#[test]
fn errors_know_their_line_and_column() {
    let places = |document: &str| -> Vec<String> {
        let errors = Gate::load(document.as_bytes(), &Env::standard()).expect_err(document);
        errors
            .iter()
            .map(|error| format!("{} {}", error.position(document.as_bytes()), error.pointer))
            .collect()
    };
    let issuers = r#""issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]"#;
    let policy = |text: &str| format!("{{\"profile\": \"agentflow\", {issuers},\n \"policy\": {text}}}");
    for (document, expected) in [
        // An unknown role, a cycle, a duplicate route, an unclosed brace.
        (policy("{\n  \"default_role\": \"usr\"}"), "3:19 /policy/default_role"),
        (
            policy("{\"roles\": {\n  \"a\": {\"inherits\": [\"b\"]},\n  \"b\": {\"inherits\": [\"a\"]}}}"),
            "3:21 /policy/roles/a/inherits",
        ),
        (
            policy("{\"routes\": {\"GET /a/{x}\": \"a:b\",\n    \"GET /a/{y}\": \"a:b\"}}"),
            "3:19 /policy/routes/GET ~1a~1{y}",
        ),
        (policy("{\"routes\": {\n\"GET /a/{x\": \"a:b\"}}"), "3:14 /policy/routes/GET ~1a~1{x"),
        (policy("{\"roles\":\n{\"a\": {\"permissions\": [\"x\"]}}}"), "3:24 /policy/roles/a/permissions/0"),
        // What the form of the document decides, and what the grammar does.
        (policy("{\n\"rols\": 1}"), "3:9 /policy/rols"),
        ("{\n  \"profile\": 7}".to_owned(), "2:14 /profile"),
        ("{\n \"profile\": \"agentflow\"}".to_owned(), "1:1 /issuers"),
        ("{\n  \"profile\" 7}".to_owned(), "2:13 "),
        ("{\n  \"a\": 1,\n  \"a\": 2}".to_owned(), "3:5 "),
        ("{\n".to_owned(), "2:1 "),
        (String::new(), "1:1 "),
    ] {
        assert_eq!(places(&document), [expected], "{document}");
    }
}

#[test]
fn codes_are_distinct_and_stable() {
    let codes: Vec<_> = Lint::ALL.iter().map(|lint| lint.code()).collect();
    // Other systems match on these: the list only grows.
    assert_eq!(
        codes.join(" "),
        "key_unused public_mutation docs_open cors_any_origin deny_unused permission_unused role_empty wildcard_write \
         audience_missing token_age_unbounded leeway_maximal report_mode reason_header more_notices"
    );
}

/// The page lists every lint, in order, with the severity, the reason and the remedy that the program gives.
#[test]
fn the_documented_table_is_the_enum() {
    let page = include_str!("../docs/lints.md");
    let rows: Vec<Vec<String>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        // The page writes in back quotes what the program puts in quotation marks.
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect();
    assert_eq!(rows.len(), Lint::ALL.len());
    for (row, lint) in rows.iter().zip(Lint::ALL) {
        let plain = |text: &str| text.replace(['`', '"'], "");
        let severity: Severity = lint.severity();
        assert_eq!(row[..2], [lint.code(), severity.name()]);
        assert!(!row[2].is_empty());
        assert_eq!(row[3..], [plain(lint.why()), plain(lint.remedy())]);
    }
}
