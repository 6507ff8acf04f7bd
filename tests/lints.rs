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
                "remover": {"permissions": ["doc:delete"]},
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

/// The routes of `clean`, with others.
fn with_routes(routes: Value) -> Value {
    let mut document = clean();
    document["policy"]["routes"].as_object_mut().unwrap().extend(routes.as_object().unwrap().clone());
    document
}

#[test]
fn routes_of_which_neither_is_the_more_literal_one() {
    let ambiguous = "route_ambiguous /policy/routes/GET ~1x~1{b}";
    for (routes, expected) in [
        (json!({"GET /{a}/y": "doc:read", "GET /x/{b}": "doc:write"}), &[ambiguous][..]),
        (json!({"GET /{a}/y": "doc:read", "GET /x/{b}": "public"}), &[ambiguous]),
        (json!({"GET /{a}/y": "doc:read", "GET /x/{b}": "refused"}), &[ambiguous]),
        (
            json!({"GET /{a}/y": "doc:read", "GET /x/{b}": {"access": "doc:read", "where": {"path.b": "tenant"}}}),
            &[ambiguous],
        ),
        (
            json!({"GET /{a}/y/z": {"access": "doc:read", "where": {"path.a": "tenant"}},
                "GET /x/{b}/z": {"access": "doc:read", "where": {"path.b": "tenant"}}}),
            &["route_ambiguous /policy/routes/GET ~1x~1{b}~1z"],
        ),
        (
            json!({"GET /{a}/y": "doc:read", "GET /x/{b:path}": "doc:write"}),
            &["route_ambiguous /policy/routes/GET ~1x~1{b:path}"],
        ),
        // They ask for the same.
        (json!({"GET /{a}/y": "doc:read", "GET /x/{b}": "doc:read"}), &[]),
        (
            json!({"GET /{a}/y/z": {"access": "doc:read", "where": {"query.t": "tenant"}},
                "GET /x/{b}/z": {"access": "doc:read", "where": {"query.t": "tenant"}}}),
            &[],
        ),
        // What they have in common is named, is of another method, or is nothing.
        (json!({"GET /{a}/y": "doc:read", "GET /x/{b}": "doc:write", "GET /x/y": "doc:read"}), &[]),
        (json!({"GET /{a}/y": "doc:read", "PUT /x/{b}": "doc:write"}), &[]),
        (json!({"GET /{a}/y/z": "doc:read", "GET /x/{b}": "doc:write"}), &[]),
        // One is the more literal one everywhere.
        (json!({"GET /{a}/{b}": "doc:read", "GET /x/{b}": "doc:write"}), &[]),
    ] {
        assert_eq!(notices(&with_routes(routes.clone())), expected, "{routes}");
    }
    let document = with_routes(json!({"GET /{a}/{n}/log": "doc:read", "GET /x/{b:path}": "doc:write"}));
    let warnings: Vec<String> = load(&document.to_string()).warnings().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "/policy/routes/GET ~1x~1{b:path}: \"GET /{a}/{n}/log\" matches \"GET /x/{…}/log\" as well and asks for \
          something else, and neither is the more literal one"
        ]
    );
    // One of the two is the profile's: the place is that of the other one.
    let mut document = with(clean(), "/profile", json!("agentflow"));
    document["issuers"][0]["claims"] = json!({"subject": "/user_id"});
    document["policy"] = json!({"routes": {"POST /{version}/graph/invoke/{x}": "graph:invoke",
        "GET /{version}/threads/all": "graph:invoke"}});
    assert_eq!(notices(&document), ["route_ambiguous /policy/routes/GET ~1{version}~1threads~1all"]);
}

#[test]
fn a_search_that_takes_too_long_says_so() {
    let combination = |bits: u32| -> String {
        let segment = |place: u32| match bits >> place & 1 {
            0 => "/a".to_owned(),
            _ => format!("/{{p{place}}}"),
        };
        format!("GET {}", (0..12).map(segment).collect::<String>())
    };
    let routes = |count| -> Value { (0..count).map(|bits| (combination(bits), json!("doc:read"))).collect() };
    assert_eq!(
        notices(&with_routes(routes(1 << 12))),
        ["routes_not_compared /policy/routes"],
        "they all ask for the same"
    );
    assert_eq!(notices(&with_routes(routes(1 << 6))), [""; 0]);
}

#[test]
fn routes_that_others_leave_nothing_to() {
    let shadowed = "route_shadowed /policy/routes/GET ~1f~1{r:path}";
    let all = json!({"GET /f/{r:path}": "doc:read", "GET /f/": "doc:read", "GET /f/{x}": "doc:read",
        "GET /f/{x}/{r:path}": "doc:read"});
    assert_eq!(notices(&with_routes(all.clone())), [shadowed]);
    // Any of the others alone leaves it something, and so do all of another method.
    for route in ["GET /f/", "GET /f/{x}", "GET /f/{x}/{r:path}"] {
        let mut some = all.clone();
        some.as_object_mut().unwrap().remove(route);
        assert_eq!(notices(&with_routes(some.clone())), [""; 0], "{route}");
        some[route.replace("GET", "PUT")] = json!("doc:write");
        assert_eq!(notices(&with_routes(some)), [""; 0], "{route}");
    }
    // By way of two parameters.
    let long = json!({"GET /f/{r:path}": "doc:read", "GET /f/": "doc:read", "GET /f/{x}": "doc:read",
        "GET /f/{x}/": "doc:read", "GET /f/{x}/{y}": "doc:read", "GET /f/{x}/{y}/{r:path}": "doc:read"});
    assert_eq!(notices(&with_routes(long)), [shadowed]);
}

#[test]
fn routes_that_nobody_can_use() {
    let route = |access: &str| with_routes(json!({"GET /x": access}));
    let unreachable = "route_unreachable /policy/routes/GET ~1x";
    assert_eq!(notices(&route("doc:audit")), [unreachable]);
    // Who is given it is also denied it.
    let mut document = route("doc:audit");
    document["policy"]["roles"]["auditor"] =
        json!({"permissions": ["doc:audit"], "deny": ["{doc,log}:audit"]});
    assert_eq!(notices(&document), [unreachable]);
    document["policy"]["roles"]["auditor"] = json!({"permissions": ["doc:audit"], "inherits": ["suspended"]});
    assert_eq!(notices(&document), [unreachable]);
    // One role that gives it is enough.
    document["policy"]["roles"]["other"] = json!({"permissions": ["{doc,log}:audit"]});
    assert_eq!(notices(&document), [""; 0]);
    assert_eq!(notices(&route("refused")), [""; 0]);
    // What the profile's routes ask for is not for the document to give.
    let mut document = with(clean(), "/profile", json!("agentflow"));
    document["issuers"][0]["claims"] = json!({"subject": "/user_id"});
    document["policy"] = json!({"routes": {"GET /v1/own": "graph:own", "GET /v1/two": "graph:stream"}});
    assert_eq!(notices(&document), ["route_unreachable /policy/routes/GET ~1v1~1own"]);
}

#[test]
fn roles_that_nobody_can_have() {
    let record =
        |id: &str, role: &str| json!({"id": id, "hash": format!("sha256:{:0>64}", id), "roles": [role]});
    let mut document = clean();
    document["issuers"] = json!([]);
    document["api_keys"] = json!({"records": [record("1", "alias"), record("2", "suspended")]});
    // `writer` and `reader` are held by way of `alias`.
    assert_eq!(notices(&document), ["role_unheld /policy/roles/remover"]);
    let held = with(document.clone(), "/policy/default_role", json!("remover"));
    assert_eq!(notices(&held), [""; 0]);
    document["api_keys"]["records"][1] = record("2", "remover");
    assert_eq!(notices(&document), ["role_unheld /policy/roles/suspended"]);
    // Tokens or other records may bring any role.
    let issuers = clean()["issuers"].clone();
    assert_eq!(notices(&with(document.clone(), "/issuers", issuers)), [""; 0]);
    document["api_keys"]["pepper"] = json!({"env": "PEPPER"});
    document["api_keys"]["lookup"] = json!(true);
    assert_eq!(notices(&document), [""; 0]);
}

#[test]
fn credentials_in_the_document() {
    let jwt = token("user");
    let (header, _) = jwt.split_once('.').unwrap();
    let key = portcullis::api_key::assemble("live", "ci1", 0..100).unwrap();
    let ragflow = format!("ragflow-{}", "aB3-_".repeat(9).get(..43).unwrap());
    let place = "secret_in_document /cors/allowed_origins/1";
    let at = |text: &str| with(clean(), "/cors", json!({"allowed_origins": ["https://a.example", text]}));
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
            let gate = load(&document.to_string());
            let shown: Vec<String> = gate.notices().iter().map(ToString::to_string).collect();
            assert!(!shown.concat().contains(text), "{shown:?}");
            assert_eq!(gate.warnings().count(), 1);
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
    assert_eq!(Gate::load(document.to_string().as_bytes(), &env).unwrap().notices(), []);
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
        "key_unused public_mutation docs_open route_ambiguous route_shadowed route_unreachable routes_not_compared \
         secret_in_document report_mode cors_any_origin deny_unused permission_unused role_empty role_unheld wildcard_write \
         audience_missing token_age_unbounded leeway_maximal reason_header more_notices"
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
