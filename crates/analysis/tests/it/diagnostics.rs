//! Everything a configuration is told about itself: credentials in it, places, bounds, and the table of lints.

use crate::documents::{all, clean, compiled, diagnostics, notices, warnings, with};
use portcullis_config::{Lint, Severity, load};
use portcullis_tests::{Env, SECRET, token};
use serde_json::{Value, json};

#[test]
fn credentials_in_the_document() {
    let jwt = token("user");
    let (header, _) = jwt.split_once('.').unwrap();
    let key = portcullis::api_key::assemble("live", "ci1", 0..100).unwrap();
    let ragflow = format!("ragflow-{}", "aB3-_".repeat(9).get(..43).unwrap());
    let place = "secret_in_document /issuers/0/audience/1";
    let at = |text: &str| with(clean(), "/issuers/0/audience", json!(["api", text]));
    let encrypted = format!("{}.a.b.c.d", portcullis::base64url::encode(br#"{"alg":"dir","enc":"A128GCM"}"#));
    for text in [
        jwt.as_str(),
        &format!("Bearer {jwt}"),
        &format!("https://a.example/?token={jwt}&x=1"),
        &encrypted,
        &key,
        &format!("X-API-Key: {key}"),
        &ragflow,
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----",
        "x -----BEGIN RSA PRIVATE KEY----- x",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "your-256-bit-secret",
        "Infini_Rag_Flow",
    ] {
        assert_eq!(notices(&at(text)), [place], "{text}");
        // It is not shown, wherever it stands.
        let mut named = at("https://b.example");
        named["api_keys"] = json!({"pepper": {"env": "PEPPER"}, "lookup": true,
            "records": [{"id": "1", "hash": format!("sha256:{:0>64}", 1), "claims": {text: [text]}}]});
        assert_eq!(notices(&named), ["secret_in_document /api_keys/records/0/claims"], "{text}");
        for document in [at(text), named] {
            let shown: Vec<String> = diagnostics(&document).iter().map(ToString::to_string).collect();
            assert!(!shown.concat().contains(text), "{shown:?}");
            assert_eq!(warnings(&document).len(), 1);
        }
    }
    let without = |text: &str, last: usize| text.get(..text.len() - last).unwrap().to_owned();
    let checksum_off = without(&key, 1) + if key.ends_with('0') { "1" } else { "0" };
    for text in [
        checksum_off.as_str(),
        &without(&key, 7),
        &without(&ragflow, 1),
        &format!("{ragflow}x"),
        "pc_live_ci1",
        &format!("{header}.x"),
        &format!("{header}.x.y.z"),
        // No object, and no `alg`.
        &format!("{}.x.y", portcullis::base64url::encode(b"[]")),
        &format!("{}.x.y", portcullis::base64url::encode(b"{\"typ\":\"JWT\"}")),
        "www.example.com",
        "-----BEGIN PUBLIC KEY-----",
        "a PRIVATE KEY",
        "secret",
        &"0f".repeat(32),
    ] {
        assert_eq!(notices(&at(text)), [""; 0], "{text}");
    }
    let jwk = |key: Value| {
        let mut document = clean();
        document["api_keys"] = json!({"records": [{"id": "1", "hash": format!("sha256:{:0>64}", 1),
            "claims": {"key": key}}]});
        notices(&document)
    };
    let place = "secret_in_document /api_keys/records/0/claims/key";
    assert_eq!(jwk(json!({"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"})), [place]);
    assert_eq!(jwk(json!({"kty": "oct", "k": "AA"})), [place]);
    assert_eq!(jwk(json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"})), [""; 0]);
    assert_eq!(jwk(json!({"d": "AA", "k": "AA"})), [""; 0]);
    // A variable may be called like a published secret.
    let mut document = clean();
    document["issuers"][0]["keys"][0]["secret"]["env"] = json!("YOUR_SECRET_KEY");
    let env = Env([("YOUR_SECRET_KEY", SECRET.to_owned())].into());
    assert_eq!(all(&compiled(&document.to_string(), &env)), []);
}

#[test]
fn the_documentation_of_a_profile() {
    let mut document = with(clean(), "/profile", json!("agentflow"));
    document["issuers"][0]["claims"] = json!({"subject": "/user_id"});
    document["policy"] = json!({"docs": "public"});
    assert_eq!(notices(&document), ["docs_open /policy/docs"]);
    assert_eq!(warnings(&document), ["/policy/docs: anybody may read the documentation of the API"]);
    document["policy"]["docs"] = json!("graph:invoke");
    assert_eq!(notices(&document), [""; 0]);
    // A permission that the roles of the profile give nobody.
    document["policy"]["docs"] = json!("graph:read");
    assert_eq!(notices(&document), ["route_unreachable /policy/docs"]);
}

#[test]
fn findings_are_bounded() {
    let many = |text: &str| json!({"permissions": vec![text; 10_000]});
    let document = with(clean(), "/policy/roles/x", many("docs:read"));
    let found = diagnostics(&document);
    assert_eq!(found.len(), 101);
    let last = found.last().unwrap();
    assert_eq!(
        (last.lint, last.message.as_str()),
        (Lint::MoreDiagnostics, "there are 9900 more diagnostics")
    );

    // Wildcards upon wildcards, under a name that every error repeats.
    let under = |name: usize| {
        let document =
            with(clean(), &format!("/policy/roles/{}", "*".repeat(name)), many("**:*:*")).to_string();
        load(document.as_bytes(), &Env::standard()).unwrap_err()
    };
    let errors = under(512);
    assert_eq!(errors.iter().count(), 101);
    assert_eq!(errors.iter().last().unwrap().message, "there are 9900 more errors; fix these first");
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
        let errors = load(document.as_bytes(), &Env::standard()).expect_err(document);
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
        "key_unused public_mutation public_rest docs_open route_ambiguous route_shadowed route_unreachable \
         binding_dropped routes_not_compared secret_in_document report_mode cors_any_origin identity_header_kept \
         cors_not_governed credentials_unverified own_key_swapped origin_key_unassigned deny_unused permission_unused role_empty role_unheld \
         wildcard_write role_not_extended issuer_roles_unbounded issuer_subjects_shared \
         carried_claims_shared audience_missing provider_audience_missing token_age_unbounded \
         leeway_maximal reason_header websocket_get_differ asks_unlimited roles_overridden objects_unasked \
         more_notices"
    );
}

/// The page lists every lint, in order, with the severity, the reason and the remedy that the program gives.
#[test]
fn the_documented_table_is_the_enum() {
    let page = include_str!("../../../../docs/lints.md");
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
