//! Every role and every pair of roles × every route × scopes × default role, compared with an evaluator that could not be
//! simpler and shares nothing with the core.

mod agentflow;
mod paper;
mod servers;
mod systems;

use std::collections::BTreeMap;

use agentflow::{AGENTFLOW, guide};
use paper::{Need, Never, Nothing, Paper, Permission, Role};
use portcullis::{Gate, HeaderPair, RequestHead, Step, UnixTime};
use portcullis_tests::*;
use serde_json::{Value, json};
use systems::{R2R, RAG_MODULO, RAGFLOW, RAGFLOW_0_24, System};

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
    compare_for(combinations(paper.roles), gate, paper, routes)
}

/// The same for these roles.
fn compare_for(
    combinations: Vec<Option<Vec<&'static str>>>,
    gate: &Gate,
    paper: &Paper<'_>,
    routes: &[(&str, &str, Need)],
) -> (usize, usize) {
    let (mut compared, mut allowed) = (0, 0);
    for carried in combinations {
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
        "ragflow" | "ragflow-0.24" => {
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

/// Every role × every route of a profile with its own default role, and callers without a role with another and with none.
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
        let is_usual = policy == json!({});
        let combinations = if is_usual { combinations(&roles) } else { vec![None, Some(vec!["nobody"])] };
        assert_eq!(combinations.len(), if is_usual { 4 + n + n + n * (n - 1) } else { 2 });
        let (compared, allowed) = compare_for(combinations.clone(), &gate, &paper, &table);
        println!("{} {policy}: {compared} decisions, {allowed} allowed", system.profile);
        assert_eq!(compared, combinations.len() * table.len() * 6);
        assert!(!is_usual || (allowed * 10 > compared && allowed * 10 < compared * 7));
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

#[test]
fn ragflow_0_24_whole() {
    a_system_whole(&RAGFLOW_0_24);
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
