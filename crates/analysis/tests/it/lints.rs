//! Lints that only advise: what is said, and what is not.

use crate::documents::{all, clean, compiled, notices, warnings, with};
use portcullis_config::{Lint, Severity};
use portcullis_tests::{Env, ORIGIN_SECRET, PEPPER, SECRET};
use serde_json::{Value, json};

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
        (
            "/policy/routes/GET ~1{path:path}",
            json!("public"),
            &["public_rest /policy/routes/GET ~1{path:path}"],
        ),
        (
            "/policy/routes/GET ~1api~1v1~1{tenant}~1{path:path}",
            json!("public"),
            &["public_rest /policy/routes/GET ~1api~1v1~1{tenant}~1{path:path}"],
        ),
        ("/policy/routes/GET ~1static~1{path:path}", json!("public"), &[]),
        ("/policy/routes/GET ~1api~1v1~1files~1{path:path}", json!("public"), &[]),
        ("/policy/routes/GET ~1{path:path}", json!("refused"), &[]),
        ("/policy/routes/GET ~1{path:path}", json!("doc:read"), &[]),
        ("/policy/routes/GET ~1docs~1", json!("public"), &["docs_open /policy/routes/GET ~1docs~1"]),
        (
            "/policy/routes/GET ~1v1~1openapi.json",
            json!("public"),
            &["docs_open /policy/routes/GET ~1v1~1openapi.json"],
        ),
        (
            "/cors",
            json!({"allowed_origins": ["https://a.example", "*"]}),
            &["cors_any_origin /cors/allowed_origins/1", "cors_not_governed /cors/allowed_origins"],
        ),
        (
            "/cors",
            json!({"allowed_origins": ["https://a.example"], "preflight": "refuse"}),
            &["cors_not_governed /cors/allowed_origins"],
        ),
        ("/cors", json!({"allowed_origins": ["https://a.example"], "preflight": "answer"}), &[]),
        (
            "/cors",
            json!({"allowed_origins": ["*"], "preflight": "answer"}),
            &["cors_any_origin /cors/allowed_origins/0"],
        ),
        ("/audit", json!({"reason_header": true}), &["reason_header /audit/reason_header"]),
        ("/mode", json!("report"), &["report_mode /mode"]),
        ("/identity", json!({"ask": "/me", "subject": "/id"}), &["asks_unlimited /identity"]),
        ("/identity", json!({"ask": "/me", "subject": "/id", "about": ["tokens"]}), &[]),
    ] {
        assert_eq!(notices(&with(clean(), pointer, value.clone())), expected, "{pointer} {value}");
    }
}

#[test]
fn objects_that_the_origin_could_be_asked_about() {
    let of_r2r = json!({"profile": "r2r", "policy": {}, "issuers": [
        {"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}], "max_age_secs": 3600}]});
    assert_eq!(notices(&of_r2r), ["objects_unasked /policy"]);
    assert_eq!(notices(&with(of_r2r, "/policy/objects", json!("origin"))), [""; 0]);
}

#[test]
fn whoever_is_asked_and_what_is_fetched() {
    let asked = |about: Value| json!({"ask": "/me", "subject": "/id", "about": about});
    let limited = with(clean(), "/limits", json!({"failures": {"count": 20, "window_secs": 60}}));
    assert_eq!(notices(&with(limited.clone(), "/identity", asked(json!(["opaque"])))), [""; 0]);

    // What an issuer says of roles counts for nothing where answers say them.
    let tokens = with(limited, "/identity", asked(json!(["tokens"])));
    let roles = with(tokens.clone(), "/issuers/0/subject_roles", json!({"ann": ["reader"]}));
    assert_eq!(notices(&roles), ["roles_overridden /issuers/0/subject_roles"]);
    let roles = with(tokens.clone(), "/issuers/0/roles", json!(["reader"]));
    assert_eq!(notices(&roles), ["roles_overridden /issuers/0/roles"]);
    assert_eq!(notices(&with(roles, "/identity", asked(json!(["opaque"])))), [""; 0]);

    // A provider signs for everybody.
    for keys in
        [json!({"discover": true}), json!({"jwks": {"url": "https://idp.example/keys", "stale_secs": 0}})]
    {
        let mut issuer = json!({"issuer": "https://idp.example", "audience": "api", "max_age_secs": 3600});
        issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let fetched = with(clean(), "/issuers", json!([issuer]));
        assert_eq!(notices(&fetched), [""; 0]);
        let for_any = with(fetched, "/issuers/0/audience", json!(null));
        assert_eq!(notices(&for_any), ["provider_audience_missing /issuers/0"]);
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
    assert_eq!(
        warnings(&document),
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
fn an_upgrade_has_to_satisfy_the_get_route_too() {
    let differ = "websocket_get_differ /policy/routes/WEBSOCKET ~1ws~1{a}";
    let bound = |name: &str| json!({"access": "doc:read", "where": {(format!("path.{name}")): "tenant"}});
    for (routes, expected) in [
        (json!({"WEBSOCKET /ws/{a}": "doc:read", "GET /ws/{b}": "doc:write"}), &[differ][..]),
        (json!({"WEBSOCKET /ws/{a}": "doc:read", "GET /ws/{b}": "public"}), &[differ]),
        (json!({"WEBSOCKET /ws/{a}": bound("a"), "GET /ws/{b}": "doc:read"}), &[differ]),
        (json!({"WEBSOCKET /ws/{a}": bound("a"), "GET /ws/{b}": bound("b")}), &[]),
        (json!({"WEBSOCKET /ws/{a}": "doc:read", "GET /ws/{b}": "doc:read"}), &[]),
        (json!({"WEBSOCKET /ws/{a}": "doc:read", "PUT /ws/{b}": "doc:write"}), &[]),
        (
            json!({"WEBSOCKET /ws/{a:path}": "doc:read", "GET /ws/{b:path}": "doc:write"}),
            &["websocket_get_differ /policy/routes/WEBSOCKET ~1ws~1{a:path}"],
        ),
    ] {
        assert_eq!(notices(&with_routes(routes.clone())), expected, "{routes}");
    }
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
    // The profile's own roles and routes are not for the document to fix.
    let example = include_str!("../../../../examples/agentflow/portcullis.json");
    let env = Env([
        ("JWT_SECRET_KEY", SECRET),
        ("PORTCULLIS_PEPPER", PEPPER),
        ("ORIGIN_JWT_SECRET", ORIGIN_SECRET),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into());
    let found = all(&compiled(example, &env));
    let found: Vec<_> = found.iter().map(|one| (one.lint, one.pointer.as_str())).collect();
    assert_eq!(found, [(Lint::TokenAgeUnbounded, "/issuers/0")]);
    assert_eq!(Lint::TokenAgeUnbounded.severity(), Severity::Advice);
}

#[test]
fn several_issuers_and_extended_roles() {
    let said = |issuers: &Value, policy: &Value| -> Vec<String> {
        let document = json!({"profile": "agentflow", "issuers": issuers, "policy": policy});
        let all = notices(&document);
        let codes = ["issuer_roles_unbounded", "issuer_subjects_shared", "role_not_extended"];
        all.into_iter().filter(|one| codes.iter().any(|code| one.starts_with(code))).collect()
    };
    let issuer = |name: &str, more: Value| {
        let mut issuer = json!({"issuer": name, "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
            "claims": {"subject": "/user_id"}});
        issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        issuer
    };
    let one = json!([issuer("a", json!({}))]);
    assert_eq!(said(&one, &json!({})), [""; 0]);
    let two = json!([issuer("a", json!({"roles": ["admin"]})), issuer("b", json!({}))]);
    assert_eq!(
        said(&two, &json!({})),
        ["issuer_roles_unbounded /issuers/1", "issuer_subjects_shared /issuers/1"]
    );
    let bounded = json!([issuer("a", json!({"roles": ["admin"]})), issuer("b", json!({"roles": ["guest"]}))]);
    assert_eq!(said(&bounded, &json!({})), ["issuer_subjects_shared /issuers/1"]);
    let told = |issuers: &Value, claims: Value| {
        let mut document = json!({"profile": "agentflow", "issuers": issuers,
            "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}, "claims": claims}}});
        document["issuers"][0]["claims"] = json!({"subject": "/sub"});
        let all = notices(&document);
        all.into_iter().filter(|one| one.starts_with("carried_claims_shared")).collect::<Vec<_>>()
    };
    assert_eq!(told(&bounded, json!(["email"])), ["carried_claims_shared /upstream"]);
    assert_eq!(told(&bounded, json!([])), [""; 0]);
    assert_eq!(told(&one, json!(["email"])), [""; 0]);
    let policy =
        json!({"extend_roles": {"usr": {"permissions": ["store:read"]}, "user": {"deny": ["store:read"]}}});
    assert_eq!(said(&one, &policy), ["role_not_extended /policy/extend_roles/usr"]);
}

#[test]
fn callers_that_no_key_is_for() {
    let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let document = |keys: Value| {
        json!({"profile": "ragflow",
            "issuers": [{"issuer": "a", "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
            "upstream": {"credential": "swap", "origin_key": keys},
            "api_keys": {"records": [
                {"id": "forwarded", "hash": hash("1"), "roles": ["user"], "credential": "forward"},
                {"id": "own", "hash": hash("2"), "roles": ["admin"], "credential": "swap"},
                {"id": "owned", "hash": hash("3"), "owner": "ci", "tenant": "acme", "roles": ["user"], "credential": "swap"}]}})
    };
    let said = |document: &Value| -> Vec<String> {
        let codes = ["origin_key_unassigned", "carried_claims_shared"];
        let all = notices(document).into_iter();
        all.filter(|one| codes.iter().any(|code| one.starts_with(code))).collect()
    };
    let key = |name: &str| json!({"env": name});
    let unassigned = |places: &[&str]| -> Vec<String> {
        places.iter().map(|place| format!("origin_key_unassigned {place}")).collect()
    };
    for (keys, expected) in [
        (key("OTHER"), &[][..]),
        (json!([{"role": "admin", "key": key("OTHER")}, {"key": key("PEPPER")}]), &[]),
        (json!([{"role": "admin", "key": key("OTHER")}]), &["/api_keys/records/2", "/upstream/origin_key"]),
        (json!([{"role": "user", "key": key("OTHER")}]), &["/api_keys/records/1"]),
        // What tokens say of subjects and tenants nobody can know.
        (json!([{"subject": "ci", "key": key("OTHER")}]), &["/api_keys/records/1"]),
        (json!([{"subject": "key:own", "key": key("OTHER")}, {"tenant": "acme", "key": key("PEPPER")}]), &[]),
    ] {
        assert_eq!(said(&document(keys.clone())), unassigned(expected), "{keys}");
    }
    let tenants = json!([{"tenant": "acme", "key": key("OTHER")}, {"key": key("PEPPER")}]);
    let mut two = document(tenants);
    assert_eq!(said(&two), [""; 0]);
    let second = json!({"issuer": "b", "keys": [{"alg": "HS256", "secret": {"env": "ORIGIN_SECRET"}}]});
    two["issuers"].as_array_mut().unwrap().push(second);
    assert_eq!(said(&two), ["carried_claims_shared /upstream/origin_key"]);
    two["upstream"]["origin_key"] = key("OTHER");
    assert_eq!(said(&two), [""; 0]);
}
