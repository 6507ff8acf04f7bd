//! Every role and every pair of roles × every route × scopes × default role, compared with an evaluator that could not be
//! simpler and shares nothing with the core.

#[path = "policy_exhaustive/servers.rs"]
mod servers;
#[path = "policy_exhaustive/systems.rs"]
mod systems;

use std::collections::BTreeMap;

use portcullis::{Gate, HeaderPair, RequestHead, Step, UnixTime};
use portcullis_tests::*;
use serde_json::{Value, json};
use systems::{R2R, RAG_MODULO, RAGFLOW, System};

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Never,
    Permission(&'static str),
}

use Need::{Never, Nothing, Permission};

/// AgentFlow 0.6.1 and 10xGraph 0.9.0: method, template and what the profile asks for.
const AGENTFLOW: &[(&str, &str, Need)] = &[
    ("GET", "/docs", Never),
    ("GET", "/docs/oauth2-redirect", Never),
    ("GET", "/health/ready", Nothing),
    ("GET", "/openapi.json", Never),
    ("GET", "/ping", Nothing),
    ("GET", "/redocs", Never),
    ("POST", "/v1/ag-ui", Permission("graph:stream")),
    ("GET", "/v1/config/multimodal", Permission("config:read")),
    ("GET", "/v1/evals/runs", Permission("evals:read")),
    ("GET", "/v1/evals/runs/{run_id}", Permission("evals:read")),
    ("POST", "/v1/files/upload", Permission("files:upload")),
    ("GET", "/v1/files/{file_id}", Permission("files:read")),
    ("GET", "/v1/files/{file_id}/info", Permission("files:read")),
    ("GET", "/v1/files/{file_id}/url", Permission("files:read")),
    ("GET", "/v1/graph", Permission("graph:read")),
    ("POST", "/v1/graph/fix", Permission("graph:fix")),
    ("POST", "/v1/graph/invoke", Permission("graph:invoke")),
    ("WEBSOCKET", "/v1/graph/live", Permission("graph:stream")),
    ("POST", "/v1/graph/setup", Permission("graph:setup")),
    ("POST", "/v1/graph/stop", Permission("graph:stop")),
    ("POST", "/v1/graph/stream", Permission("graph:stream")),
    ("GET", "/v1/graph/tools", Permission("graph:read")),
    ("WEBSOCKET", "/v1/graph/ws", Permission("graph:stream")),
    ("GET", "/v1/graph:StateSchema", Permission("graph:read")),
    ("GET", "/v1/observability/{thread_id}", Permission("graph:read")),
    ("POST", "/v1/store/memories", Permission("store:write")),
    ("POST", "/v1/store/memories/forget", Permission("store:delete")),
    ("POST", "/v1/store/memories/list", Permission("store:read")),
    ("DELETE", "/v1/store/memories/{memory_id}", Permission("store:delete")),
    ("POST", "/v1/store/memories/{memory_id}", Permission("store:read")),
    ("PUT", "/v1/store/memories/{memory_id}", Permission("store:write")),
    ("POST", "/v1/store/search", Permission("store:read")),
    ("GET", "/v1/threads", Permission("checkpointer:read")),
    ("DELETE", "/v1/threads/{thread_id}", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}", Permission("checkpointer:read")),
    ("GET", "/v1/threads/{thread_id}/messages", Permission("checkpointer:read")),
    ("POST", "/v1/threads/{thread_id}/messages", Permission("checkpointer:write")),
    ("DELETE", "/v1/threads/{thread_id}/messages/{message_id}", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}/messages/{message_id}", Permission("checkpointer:read")),
    ("DELETE", "/v1/threads/{thread_id}/state", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}/state", Permission("checkpointer:read")),
    ("PUT", "/v1/threads/{thread_id}/state", Permission("checkpointer:write")),
];

/// Where the profile asks for something else than the server does: the route, or its start and `*`; what the server asks
/// for; and why it is not the same here.
const DECIDED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("GET /docs*", "public", "src/profile.rs: documentation is refused unless `policy.docs` switches it on"),
    ("GET /redocs", "public", "src/profile.rs: documentation is refused unless `policy.docs` switches it on"),
    (
        "GET /openapi.json",
        "public",
        "src/profile.rs: documentation is refused unless `policy.docs` switches it on",
    ),
    (
        "GET /v1/evals/runs*",
        "public",
        "src/profile/agentflow.rs: left open outside production mode by the server",
    ),
];

/// A role as a person would write it on paper.
#[derive(Debug, Default, Clone)]
struct Role {
    inherits: &'static [&'static str],
    permissions: &'static [&'static str],
    deny: &'static [&'static str],
}

/// The table of AgentFlow's authentication guide.
fn guide() -> BTreeMap<&'static str, Role> {
    let role = |permissions| Role { permissions, ..Role::default() };
    BTreeMap::from([
        ("guest", role(&["graph:invoke"])),
        ("user", role(&["graph:invoke", "graph:stream", "checkpointer:read", "store:read"])),
        (
            "admin",
            role(&[
                "graph:invoke",
                "graph:stream",
                "graph:stop",
                "graph:setup",
                "checkpointer:read",
                "checkpointer:write",
                "checkpointer:delete",
                "store:read",
                "store:write",
            ]),
        ),
    ])
}

/// The evaluator: what the documentation says, said again.
struct Paper<'p> {
    roles: &'p BTreeMap<&'static str, Role>,
    default_role: Option<&'static str>,
    scopes_narrow: bool,
}

impl Paper<'_> {
    /// `carried`: the roles of the token, `None` if it says nothing about roles.
    fn expected(&self, carried: Option<&[&str]>, scopes: Option<&[&str]>, need: Need) -> (u16, &'static str) {
        let permission = match need {
            Nothing => return (200, "-"),
            Never => return (403, "route_refused"),
            Permission(permission) => permission,
        };
        let carried: Vec<&str> = match carried {
            Some(carried) => carried.to_vec(),
            None => self.default_role.into_iter().collect(),
        };
        let (mut granted, mut denied) = (false, false);
        for role in carried {
            granted |= self.says(role, permission, |role| role.permissions);
            denied |= self.says(role, permission, |role| role.deny);
        }
        if denied {
            (403, "permission_denied")
        } else if !granted {
            (403, "permission_missing")
        } else if self.scopes_narrow && scopes.is_some_and(|scopes| !scopes.contains(&permission)) {
            (403, "scope_missing")
        } else {
            (200, "-")
        }
    }

    fn says(&self, name: &str, permission: &str, list: fn(&Role) -> &'static [&'static str]) -> bool {
        let Some(role) = self.roles.get(name) else { return false };
        let (resource, action) = permission.split_once(':').unwrap();
        let stands_for = [permission, "*", "*:*", &format!("{resource}:*"), &format!("*:{action}")];
        list(role).iter().any(|pattern| stands_for.contains(pattern))
            || role.inherits.iter().any(|parent| self.says(parent, permission, list))
    }
}

/// Nothing said, none, one nobody knows, each role, each pair in either order, each with one nobody knows, and all.
fn combinations(roles: &BTreeMap<&'static str, Role>) -> Vec<Option<Vec<&'static str>>> {
    let names: Vec<_> = roles.keys().copied().collect();
    let mut all = vec![None, Some(vec![]), Some(vec!["nobody"]), Some(names.clone())];
    for name in &names {
        all.push(Some(vec![*name]));
        all.push(Some(vec![*name, "nobody"]));
        all.extend(names.iter().filter(|other| *other != name).map(|other| Some(vec![*name, *other])));
    }
    all
}

fn token_of(carried: Option<&[&str]>, scopes: Option<&[&str]>) -> String {
    let mut claims =
        json!({"user_id": "alice", "sub": "alice", "uuid": "x1", "token_type": "access", "exp": NOW + 60});
    match carried {
        None => {}
        Some([role]) => claims["role"] = json!(role),
        Some(roles) => claims["roles"] = json!(roles),
    }
    if let Some(scopes) = scopes {
        claims["scopes"] = json!(scopes);
        // The generic profile reads the registered claim.
        claims["scope"] = json!(scopes.join(" "));
    }
    sign(claims, SECRET)
}

/// One decision, with the permission it was made on.
fn ask(gate: &Gate, method: &str, path: &str, token: &str) -> ((u16, &'static str), Option<String>) {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    let method = if method == "WEBSOCKET" {
        headers.extend([("upgrade", "websocket"), ("connection", "Upgrade")]);
        "GET"
    } else {
        method
    };
    let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
    // Where a member of the body is compared, it may be missing.
    let verdict = match gate.begin(&RequestHead::new(method, path, &pairs), UnixTime::from_secs(NOW)) {
        Step::Need(portcullis::Need::Body(need)) => need.supply(b"", UnixTime::from_secs(NOW)),
        Step::Need(need) => panic!("unexpected need: {need:?}"),
        Step::Verdict(verdict) => verdict,
    };
    (outcome(&verdict), verdict.diagnostics.permission)
}

fn plain(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "x1" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Every combination of roles × every route × scopes; returns how many decisions were compared, and how many allowed.
fn compare(gate: &Gate, paper: &Paper<'_>, routes: &[(&str, &str, Need)]) -> (usize, usize) {
    let (mut compared, mut allowed) = (0, 0);
    for carried in combinations(paper.roles) {
        let carried = carried.as_deref();
        let mut tokens: BTreeMap<Option<Vec<&str>>, String> = BTreeMap::new();
        for (method, template, need) in routes {
            let wanted = if let Permission(permission) = need { *permission } else { "graph:invoke" };
            let other = if wanted == "store:read" { "store:write" } else { "store:read" };
            let declared: [Option<&[&str]>; 6] = [
                None,
                Some(&[]),
                Some(&[wanted]),
                Some(&[other]),
                Some(&[other, wanted]),
                Some(&["*", "*:*"]),
            ];
            for scopes in declared {
                let token =
                    tokens.entry(scopes.map(<[_]>::to_vec)).or_insert_with(|| token_of(carried, scopes));
                let (outcome, permission) = ask(gate, method, &plain(template), token);
                let expected = paper.expected(carried, scopes, *need);
                let case = format!("{carried:?} with scopes {scopes:?}: {method} {template}");
                assert_eq!(outcome, expected, "{case}");
                let asked = if let Permission(permission) = need { Some(*permission) } else { None };
                assert_eq!(permission.as_deref(), asked, "{case}");
                compared += 1;
                allowed += usize::from(outcome.0 == 200);
            }
        }
    }
    (compared, allowed)
}

fn document(profile: &str, policy: &Value) -> String {
    let mut document = json!({"profile": profile, "policy": policy,
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]});
    match profile {
        // Its own tokens have one role, in `role`.
        "rag-modulo" => document["issuers"][0]["claims"] = json!({"roles": ["/roles", "/role"]}),
        "ragflow" => {
            document["upstream"] = json!({"credential": "swap", "origin_key": {"env": "ORIGIN_SECRET"}});
        }
        _ => {}
    }
    document.to_string()
}

#[test]
fn the_guides_table_whole() {
    let roles = guide();
    let combinations = 4 + 3 + 3 + 6;
    for (policy, default_role, scopes_narrow) in [
        (json!({}), Some("guest"), true),
        (json!({"scopes_narrow": false}), Some("guest"), false),
        (json!({"default_role": ""}), None, true),
        (json!({"default_role": "user"}), Some("user"), true),
        (json!({"default_role": "admin"}), Some("admin"), true),
    ] {
        let gate = load(&document("agentflow", &policy));
        let (compared, allowed) =
            compare(&gate, &Paper { roles: &roles, default_role, scopes_narrow }, AGENTFLOW);
        println!("{policy}: {compared} decisions, {allowed} allowed");
        assert_eq!(compared, combinations * AGENTFLOW.len() * 6);
        assert!(allowed * 10 > compared && allowed * 2 < compared);
    }
}

/// The profile `generic` has no roles and no routes of its own.
#[test]
fn the_generic_profile_knows_nobody_and_nothing() {
    let gate = load(&document("generic", &json!({})));
    for (method, template, _) in AGENTFLOW {
        for carried in [None, Some(&["admin"][..])] {
            let outcome = ask(&gate, method, &plain(template), &token_of(carried, None));
            assert_eq!(outcome, ((403, "route_unknown"), None), "{carried:?}: {method} {template}");
        }
    }
}

/// Inheritance, wildcards and denials in one policy of the profile `generic`.
#[test]
fn a_policy_with_everything_in_it() {
    let roles = BTreeMap::from([
        ("reader", Role { permissions: &["*:read"], deny: &["secret:*"], ..Role::default() }),
        ("writer", Role { inherits: &["reader"], permissions: &["doc:write", "note:*"], ..Role::default() }),
        ("keeper", Role { permissions: &["secret:read", "secret:write"], ..Role::default() }),
        ("owner", Role { inherits: &["writer", "keeper"], permissions: &["*"], deny: &["*:purge"] }),
        ("root", Role { permissions: &["*:*"], ..Role::default() }),
        ("empty", Role::default()),
    ]);
    let routes: &[(&str, &str, Need)] = &[
        ("GET", "/health", Nothing),
        ("GET", "/internal", Never),
        ("GET", "/docs", Permission("doc:read")),
        ("PUT", "/docs/{id}", Permission("doc:write")),
        ("DELETE", "/docs/{id}", Permission("doc:purge")),
        ("POST", "/docs/search", Permission("doc:read")),
        ("POST", "/docs/{id}", Permission("note:write")),
        ("GET", "/notes/{rest:path}", Permission("note:read")),
        ("DELETE", "/notes/{id}", Permission("note:purge")),
        ("GET", "/secrets/{id}", Permission("secret:read")),
        ("PUT", "/secrets/{id}", Permission("secret:write")),
        ("WEBSOCKET", "/live", Permission("live:read")),
    ];
    let written: BTreeMap<_, _> = roles
        .iter()
        .map(|(name, role)| {
            (name, json!({"inherits": role.inherits, "permissions": role.permissions, "deny": role.deny}))
        })
        .collect();
    let access: BTreeMap<_, _> = routes
        .iter()
        .map(|(method, template, need)| {
            let access = match need {
                Nothing => "public",
                Never => "refused",
                Permission(permission) => permission,
            };
            (format!("{method} {template}"), access)
        })
        .collect();
    for default_role in [None, Some("reader"), Some("empty")] {
        let mut policy = json!({"roles": written, "routes": access});
        if let Some(role) = default_role {
            policy["default_role"] = json!(role);
        }
        let gate = load(&document("generic", &policy));
        let paper = Paper { roles: &roles, default_role, scopes_narrow: true };
        let (compared, allowed) = compare(&gate, &paper, routes);
        println!("default role {default_role:?}: {compared} decisions, {allowed} allowed");
        assert_eq!(compared, (4 + 6 + 6 + 30) * routes.len() * 6);
        assert!(allowed * 10 > compared && allowed * 2 < compared);
    }
}

/// Every role × every route of a profile, each with its own default role and without.
fn a_system_whole(system: &System) {
    let (roles, table) = (system.roles(), system.table());
    let n = roles.len();
    for (policy, default_role) in [
        (json!({}), system.default_role),
        (json!({"default_role": ""}), None),
        (json!({"default_role": "admin"}), Some("admin")),
    ] {
        let gate = load(&document(system.profile, &policy));
        assert_eq!(gate.parts().policy.routes.iter().count(), table.len());
        assert_eq!(
            gate.parts().policy.roles.names().collect::<Vec<_>>(),
            roles.keys().copied().collect::<Vec<_>>()
        );
        let paper = Paper { roles: &roles, default_role, scopes_narrow: true };
        let (compared, allowed) = compare(&gate, &paper, &table);
        println!("{} {policy}: {compared} decisions, {allowed} allowed", system.profile);
        assert_eq!(compared, (4 + n + n + n * (n - 1)) * table.len() * 6);
        assert!(allowed * 10 > compared && allowed * 10 < compared * 7);
    }
}

#[test]
fn r2r_whole() {
    a_system_whole(&R2R);
}

#[test]
fn rag_modulo_whole() {
    a_system_whole(&RAG_MODULO);
}

#[test]
fn ragflow_whole() {
    a_system_whole(&RAGFLOW);
}

/// Nobody gets at another user's, an admin included, and nothing but these routes is bound.
#[test]
fn routes_of_one_user() {
    for (system, expected) in [(R2R, 0), (RAG_MODULO, 42), (RAGFLOW, 0)] {
        let bound = system.bound();
        assert_eq!(bound.len(), expected, "{}", system.profile);
        let gate = load(&document(system.profile, &json!({})));
        let bindings = system.bindings();
        for route in gate.parts().policy.routes.iter() {
            let own: Vec<_> = route.bindings.iter().map(ToString::to_string).collect();
            assert_eq!(Some(&own).filter(|own| !own.is_empty()), bindings.get(&route.text), "{}", route.text);
        }
        let admin = token_of(Some(&["admin"]), None);
        for (method, template) in bound {
            let own = plain(template);
            assert_eq!(ask(&gate, method, &own, &admin).0, (200, "-"), "{method} {own}");
            let other = plain(&template.replace("{user_id}", "x2"));
            assert_eq!(ask(&gate, method, &other, &admin).0, (403, "binding_mismatch"), "{method} {other}");
        }
    }
}
