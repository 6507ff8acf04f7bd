//! Roles and routes: the guide's table, role by route, against literals and against a naive evaluator.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::*;
use serde_json::json;

/// Method, path and permission of every route of AgentFlow 0.6.1 and 10xGraph 0.9.0 that asks for one.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/v1/ag-ui", "graph:stream"),
    ("GET", "/v1/config/multimodal", "config:read"),
    ("GET", "/v1/evals/runs", "evals:read"),
    ("GET", "/v1/evals/runs/r1", "evals:read"),
    ("POST", "/v1/files/upload", "files:upload"),
    ("GET", "/v1/files/f1", "files:read"),
    ("GET", "/v1/files/f1/info", "files:read"),
    ("GET", "/v1/files/f1/url", "files:read"),
    ("GET", "/v1/graph", "graph:read"),
    ("POST", "/v1/graph/fix", "graph:fix"),
    ("POST", "/v1/graph/invoke", "graph:invoke"),
    ("WEBSOCKET", "/v1/graph/live", "graph:stream"),
    ("POST", "/v1/graph/setup", "graph:setup"),
    ("POST", "/v1/graph/stop", "graph:stop"),
    ("POST", "/v1/graph/stream", "graph:stream"),
    ("GET", "/v1/graph/tools", "graph:read"),
    ("WEBSOCKET", "/v1/graph/ws", "graph:stream"),
    ("GET", "/v1/graph:StateSchema", "graph:read"),
    ("GET", "/v1/observability/t1", "graph:read"),
    ("POST", "/v1/store/memories", "store:write"),
    ("POST", "/v1/store/memories/forget", "store:delete"),
    ("POST", "/v1/store/memories/list", "store:read"),
    ("DELETE", "/v1/store/memories/m1", "store:delete"),
    ("DELETE", "/v1/store/memories/list", "store:delete"),
    ("POST", "/v1/store/memories/m1", "store:read"),
    ("PUT", "/v1/store/memories/m1", "store:write"),
    ("POST", "/v1/store/search", "store:read"),
    ("GET", "/v1/threads", "checkpointer:read"),
    ("DELETE", "/v1/threads/t1", "checkpointer:delete"),
    ("GET", "/v1/threads/t1", "checkpointer:read"),
    ("GET", "/v1/threads/t1/messages", "checkpointer:read"),
    ("POST", "/v1/threads/t1/messages", "checkpointer:write"),
    ("DELETE", "/v1/threads/t1/messages/m1", "checkpointer:delete"),
    ("GET", "/v1/threads/t1/messages/m1", "checkpointer:read"),
    ("DELETE", "/v1/threads/t1/state", "checkpointer:delete"),
    ("GET", "/v1/threads/t1/state", "checkpointer:read"),
    ("PUT", "/v1/threads/t1/state", "checkpointer:write"),
];

/// The role table of AgentFlow's authentication guide.
const TABLE: &[(&str, &[&str])] = &[
    ("guest", &["graph:invoke"]),
    ("user", &["graph:invoke", "graph:stream", "checkpointer:read", "store:read"]),
    (
        "admin",
        &[
            "graph:invoke",
            "graph:stream",
            "graph:stop",
            "graph:setup",
            "checkpointer:read",
            "checkpointer:write",
            "checkpointer:delete",
            "store:read",
            "store:write",
        ],
    ),
];

fn ask(gate: &portcullis::Gate, method: &str, path: &str, token: &str) -> (u16, &'static str) {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    let method = if method == "WEBSOCKET" {
        headers.extend([("upgrade", "websocket"), ("connection", "Upgrade")]);
        "GET"
    } else {
        method
    };
    outcome(&decide(gate, method, path, &headers))
}

#[test]
fn the_guides_table_role_by_route() {
    let gate = agentflow();
    let mut compared = 0;
    for (role, permissions) in TABLE {
        for (method, path, permission) in ROUTES {
            let expected =
                if permissions.contains(permission) { (200, "-") } else { (403, "permission_missing") };
            assert_eq!(ask(&gate, method, path, &token(role)), expected, "{role}: {method} {path}");
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 37);
}

#[test]
fn no_role_is_guest_and_an_unknown_role_is_nobody() {
    let gate = agentflow();
    let roleless = sign(serde_json::json!({"user_id": "alice", "exp": NOW + 60}), SECRET);
    for (method, path, permission) in ROUTES {
        let expected = if *permission == "graph:invoke" { (200, "-") } else { (403, "permission_missing") };
        assert_eq!(ask(&gate, method, path, &roleless), expected, "{method} {path}");
        assert_eq!(
            ask(&gate, method, path, &token("superuser")),
            (403, "permission_missing"),
            "{method} {path}"
        );
    }
}

#[test]
fn only_a_token_that_says_nothing_about_roles_gets_the_default_role() {
    let gate = agentflow();
    let invoke = |claims: serde_json::Value| ask(&gate, "POST", "/v1/graph/invoke", &sign(claims, SECRET));
    assert_eq!(invoke(serde_json::json!({"user_id": "a", "exp": NOW + 9})), (200, "-"));
    assert_eq!(invoke(serde_json::json!({"user_id": "a", "role": null, "exp": NOW + 9})), (200, "-"));
    assert_eq!(
        invoke(serde_json::json!({"user_id": "a", "roles": [], "exp": NOW + 9})),
        (403, "permission_missing")
    );
}

#[test]
fn public_refused_and_unknown_routes() {
    let gate = agentflow();
    for path in ["/ping", "/health/ready", "//ping", "/%70ing"] {
        assert_eq!(outcome(&decide(&gate, "GET", path, &[])), (200, "-"), "{path}");
    }
    for path in ["/docs", "/docs/oauth2-redirect", "/redocs", "/openapi.json"] {
        assert_eq!(outcome(&decide(&gate, "GET", path, &[])), (403, "route_refused"), "{path}");
        assert_eq!(ask(&gate, "GET", path, &token("admin")), (403, "route_refused"), "{path}");
        // Starlette answers HEAD on these as well: nobody listed it.
        assert_eq!(ask(&gate, "HEAD", path, &token("admin")), (403, "route_unknown"), "{path}");
    }
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1/threads/"),
        ("GET", "/V1/threads"),
        ("get", "/v1/threads"),
        ("POST", "/v1/threads"),
        ("GET", "/v1/graph/ws"),
        ("WEBSOCKET", "/v1/threads"),
        ("GET", "/v1/graph:stateschema"),
        ("TRACE", "/ping"),
        ("OPTIONS", "/v1/threads"),
        ("HEAD", "/v1/threads"),
    ] {
        assert_eq!(ask(&gate, method, path, &token("admin")), (403, "route_unknown"), "{method} {path}");
        assert_eq!(outcome(&decide(&gate, method, path, &[])).0, 401, "{method} {path}");
    }
    // The notation for an upgrade is not a method.
    let verdict = decide_with_token(&gate, "WEBSOCKET", "/v1/graph/ws", &token("admin"));
    assert_eq!(outcome(&verdict), (403, "route_unknown"));
    let open = load(
        r#"{"profile":"agentflow","policy":{"docs":"public"},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    assert_eq!(outcome(&decide(&open, "GET", "/docs", &[])), (200, "-"));
}

#[test]
fn deny_overrides_and_is_inherited() {
    let gate = load(
        r#"{"profile":"agentflow","policy":{"default_role":"","roles":{
            "reader":{"permissions":["*:read"],"deny":["store:*"]},
            "writer":{"inherits":["reader"],"permissions":["checkpointer:*","store:write"]},
            "root":{"permissions":["*"]}}},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    for (role, method, path, expected) in [
        ("reader", "GET", "/v1/threads", (200, "-")),
        ("reader", "POST", "/v1/store/search", (403, "permission_denied")),
        ("reader", "DELETE", "/v1/threads/t1", (403, "permission_missing")),
        ("writer", "DELETE", "/v1/threads/t1", (200, "-")),
        ("writer", "POST", "/v1/store/memories", (403, "permission_denied")),
        ("root", "POST", "/v1/store/memories", (200, "-")),
    ] {
        assert_eq!(ask(&gate, method, path, &token(role)), expected, "{role}: {method} {path}");
    }
    let both =
        sign(serde_json::json!({"user_id": "a", "roles": ["root", "reader"], "exp": NOW + 60}), SECRET);
    assert_eq!(ask(&gate, "POST", "/v1/store/memories", &both), (403, "permission_denied"));
    let roleless = sign(serde_json::json!({"user_id": "a", "exp": NOW + 60}), SECRET);
    assert_eq!(ask(&gate, "GET", "/v1/threads", &roleless), (403, "permission_missing"));
}

#[test]
fn routes_can_be_added_and_replaced() {
    let gate = load(
        r#"{"profile":"agentflow","policy":{"routes":{
            "GET /v1/threads/{id}":"refused","GET /v1/evals/runs":"public","PATCH /v2/{rest:path}":"graph:invoke"}},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    assert_eq!(ask(&gate, "GET", "/v1/threads/t1", &token("admin")), (403, "route_refused"));
    assert_eq!(ask(&gate, "DELETE", "/v1/threads/t1", &token("admin")), (200, "-"));
    assert_eq!(outcome(&decide(&gate, "GET", "/v1/evals/runs", &[])), (200, "-"));
    assert_eq!(ask(&gate, "PATCH", "/v2/a/b/c", &token("guest")), (200, "-"));
}

#[test]
fn permissions_without_a_route() {
    let gate = load(
        r#"{"profile":"agentflow","policy":{"roles":{
            "reader":{"permissions":["*:read"],"deny":["secrets:*"]},"writer":{"inherits":["reader"],"permissions":["notes:*"]}}},
            "issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    let now = portcullis::UnixTime::from_secs(NOW);
    let principal = |claims: serde_json::Value| gate.verify(&sign(claims, SECRET), now).unwrap();
    let may = |principal: &portcullis::Principal, permission: &str| {
        gate.authorize(principal, &portcullis::Permission::parse(permission).unwrap())
    };
    let writer = principal(serde_json::json!({"user_id": "a", "role": "writer", "exp": NOW + 9}));
    assert_eq!(may(&writer, "notes:delete"), Ok(()));
    assert_eq!(may(&writer, "graph:read"), Ok(()));
    assert_eq!(may(&writer, "secrets:read"), Err(portcullis::PolicyError::PermissionDenied));
    assert_eq!(may(&writer, "graph:invoke"), Err(portcullis::PolicyError::PermissionMissing));
    let narrowed = principal(
        serde_json::json!({"user_id": "a", "role": "writer", "scopes": ["notes:x"], "exp": NOW + 9}),
    );
    assert_eq!(may(&narrowed, "notes:x"), Ok(()));
    assert_eq!(may(&narrowed, "notes:delete"), Err(portcullis::PolicyError::ScopeMissing));
    assert!(gate.verify(&token("reader"), portcullis::UnixTime::from_secs(NOW + 60)).is_err());
}

#[test]
fn hypothetical_callers_get_the_guides_table_and_what_requests_get() {
    use portcullis::parts::CompiledAccess;
    use portcullis::trace::HypotheticalCaller;
    use portcullis::{AuthError, CredentialError, PolicyError};
    let gate = agentflow();
    let policy = &gate.parts().policy;
    assert_eq!(policy.roles.names().collect::<Vec<_>>(), ["admin", "guest", "user"]);
    assert_eq!(gate.parts().issuers[0].rules.default_role.as_deref(), Some("guest"));
    let missing: Result<(), AuthError> = Err(PolicyError::PermissionMissing.into());
    let mut surveyed = BTreeSet::new();
    for (method, path, permission) in ROUTES {
        let route = policy.routes.find(method, path).unwrap();
        let CompiledAccess::Permission(asked) = route.access else {
            panic!("{method} {path} asks for nothing")
        };
        assert_eq!(policy.routes.permission(asked).unwrap().as_str(), *permission);
        surveyed.insert(route.text.as_str());
        for (role, permissions) in TABLE {
            let expected = if permissions.contains(permission) { Ok(()) } else { missing.clone() };
            let caller = HypotheticalCaller::with_roles([role]);
            assert_eq!(gate.would_permit(route, &caller), expected, "{role}: {method} {path}");
            assert_eq!(check_access(&gate, method, path, &caller), expected, "{role}: {method} {path}");
            assert_eq!(
                ask(&gate, method, path, &token(role)).0,
                if expected.is_ok() { 200 } else { 403 },
                "{role}: {method} {path}"
            );
        }
        assert_eq!(
            gate.would_permit(route, &HypotheticalCaller::anonymous()),
            Err(CredentialError::Missing.into())
        );
        assert_eq!(gate.would_permit(route, &HypotheticalCaller::with_roles(["superuser"])), missing);
        assert_eq!(gate.would_permit(route, &HypotheticalCaller::with_roles(None::<&str>)), missing);
    }
    // Two paths of the table are one route, `DELETE /v1/store/memories/{memory_id}`.
    assert_eq!(surveyed.len(), 36);
    let others: BTreeSet<_> = policy
        .routes
        .iter()
        .map(|route| route.text.as_str())
        .filter(|text| !surveyed.contains(text))
        .collect();
    let (public, refused) = (
        ["GET /health/ready", "GET /ping"],
        ["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redocs"],
    );
    assert_eq!(others, public.into_iter().chain(refused).collect());
    let admin = HypotheticalCaller::with_roles(["admin"]);
    for (texts, access, expected) in [
        (&public[..], CompiledAccess::Public, Ok(())),
        (&refused[..], CompiledAccess::Refused, Err(AuthError::Policy(PolicyError::RouteRefused))),
    ] {
        for text in texts {
            let (method, path) = text.split_once(' ').unwrap();
            assert_eq!(policy.routes.find(method, path).unwrap().access, access, "{text}");
            for caller in [&admin, &HypotheticalCaller::anonymous()] {
                assert_eq!(check_access(&gate, method, path, caller), expected, "{text}");
            }
        }
    }
    // What no route serves, and what has no reading.
    for (method, path) in
        [("GET", "/nope"), ("get", "/ping"), ("GET", "/v1/graph/ws"), ("WEBSOCKET", "/ping")]
    {
        assert_eq!(
            check_access(&gate, method, path, &admin),
            Err(PolicyError::RouteUnknown.into()),
            "{method} {path}"
        );
        let anonymous = check_access(&gate, method, path, &HypotheticalCaller::anonymous());
        assert_eq!(anonymous, Err(CredentialError::Missing.into()), "{method} {path}");
    }
    assert!(matches!(check_access(&gate, "GET", "/a%2Fb", &admin), Err(AuthError::Path(_))));
    let narrowed = |scope: &str| {
        check_access(
            &gate,
            "GET",
            "/v1/threads",
            &HypotheticalCaller::with_roles(["user"]).narrowed_to([scope]),
        )
    };
    assert_eq!(narrowed("checkpointer:read"), Ok(()));
    assert_eq!(narrowed("store:read"), Err(PolicyError::ScopeMissing.into()));
}

/// The path of a route as routes are compared.
fn shape_of(route: &str) -> Result<String, String> {
    let template = portcullis::parts::RouteTemplate::parse(route).map_err(|error| error.to_string())?;
    let shape = template.shape();
    Ok(shape.split_once('/').map(|(_, path)| format!("/{path}")).unwrap())
}

#[test]
fn routes_that_differ_in_parameter_names_have_one_shape() {
    for (one, another, same) in [
        ("GET /a/{x}", "GET /a/{y}", true),
        ("GET /a/{x:path}", "GET /a/{y:path}", true),
        ("GET /na\u{ef}ve", "GET /na%C3%AFve", true),
        ("GET /a/{x}", "GET /a/{x:path}", false),
        ("GET /a/{x}", "GET /a/x", false),
        ("GET /a", "GET /a/", false),
    ] {
        let shape = |text| shape_of(text).unwrap();
        assert_eq!(shape(one) == shape(another), same, "{one} {another}");
    }
    assert_eq!(shape_of("GET /a/{x}/{rest:path}").unwrap(), "/a/{}/{:path}");
    assert!(shape_of("GET /a/{x").unwrap_err().contains("{name:path}"));
}

/// Random policies, decided by the gate and by a few lines that could not be simpler.
#[test]
fn a_naive_evaluator_agrees_on_random_policies() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let patterns = [
        "*",
        "graph:*",
        "*:read",
        "*:*",
        "store:write",
        "checkpointer:delete",
        "graph:invoke",
        "files:*",
        "*:delete",
    ];
    let names = ["a", "b", "c", "d"];
    for _ in 0..60 {
        let mut roles = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let mut pick = |most: usize| -> Vec<&str> {
                (0..random(most)).map(|_| patterns[random(patterns.len())]).collect()
            };
            let (permissions, deny) = (pick(4), pick(2));
            // Only earlier roles are inherited, so that there is no cycle.
            let inherits: Vec<&str> = names.iter().take(index).filter(|_| random(2) == 0).copied().collect();
            roles.insert(*name, (inherits, permissions, deny));
        }
        let document: BTreeMap<_, _> = roles
            .iter()
            .map(|(name, (inherits, permissions, deny))| {
                (name, serde_json::json!({"inherits": inherits, "permissions": permissions, "deny": deny}))
            })
            .collect();
        let gate = load(
            &serde_json::json!({"profile": "agentflow", "policy": {"roles": document},
                "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]})
            .to_string(),
        );
        for name in names {
            let mut held = BTreeSet::from([name]);
            while let Some(parent) =
                held.iter().flat_map(|role| &roles[role].0).find(|parent| !held.contains(*parent))
            {
                held.insert(parent);
            }
            for (method, path, permission) in ROUTES {
                let (resource, action) = permission.split_once(':').unwrap();
                let fits = |pattern: &&str| {
                    let (r, a) = pattern.split_once(':').unwrap_or(("*", "*"));
                    (r == "*" || r == resource) && (a == "*" || a == action)
                };
                let expected = if held.iter().any(|role| roles[role].2.iter().any(fits)) {
                    (403, "permission_denied")
                } else if held.iter().any(|role| roles[role].1.iter().any(fits)) {
                    (200, "-")
                } else {
                    (403, "permission_missing")
                };
                assert_eq!(
                    ask(&gate, method, path, &token(name)),
                    expected,
                    "{name}: {method} {path} in {document:?}"
                );
            }
        }
    }
}

/// A route that is restricted to hosts does not exist for others, whatever it asks for.
#[test]
fn hosts() {
    let gate = load(
        &json!({
            "profile": "generic",
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
            "policy": {
                "roles": {"user": {"permissions": ["*"]}},
                "routes": {
                    "GET /status": {"access": "public", "hosts": ["API.example.com", "localhost:8080", "[::1]"]},
                    "GET /items": {"access": "items:read", "hosts": ["api.example.com"]},
                },
            },
        })
        .to_string(),
    );
    let authorization =
        format!("Bearer {}", sign(json!({"sub": "a", "roles": "user", "exp": NOW + 60}), SECRET));
    for (host, status, items) in [
        (&["api.example.com"][..], true, true),
        (&["API.EXAMPLE.COM:443"], true, true),
        (&["localhost:8080"], true, false),
        (&["localhost"], false, false),
        (&["localhost:80801"], false, false),
        (&["localhost:8080:1"], false, false),
        (&["[::1]"], true, false),
        (&["[::1]:99"], true, false),
        (&["api.example.com."], false, false),
        (&["api.example.com.evil.example"], false, false),
        (&["user@api.example.com"], false, false),
        (&["api.example.com, api.example.com"], false, false),
        (&["api.example.com", "api.example.com"], false, false),
        (&["\u{212a}"], false, false),
        (&[""], false, false),
        (&[], false, false),
    ] {
        let hosts: Vec<_> = host.iter().map(|host| ("Host", *host)).collect();
        let public = decide(&gate, "GET", "/status", &hosts);
        let expected = if status { (200, "-") } else { (401, "credential_missing") };
        assert_eq!(outcome(&public), expected, "{host:?}");
        let with_token = [hosts, vec![("authorization", authorization.as_str())]].concat();
        let expected = if items { (200, "-") } else { (403, "route_unknown") };
        assert_eq!(outcome(&decide(&gate, "GET", "/items", &with_token)), expected, "{host:?}");
    }
    for bad in ["", "https://api.example.com", "api example", "*.example.com", "a/b"] {
        let document = json!({"profile": "generic", "api_keys": {}, "policy": {
            "routes": {"GET /x": {"access": "public", "hosts": ["ok.example", bad]}}}});
        let errors = try_load(document.to_string().as_bytes(), &Env::standard()).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/policy/routes/GET ~1x/hosts/1"], "{bad}: {errors}");
    }
}
