//! Every policy of a few roles, resources and actions.
//!
//! What a policy says of one permission depends on nothing but which roles give it, which deny it, and which inherit from
//! which. So each way in which three roles can inherit, times each way in which each can give and deny, is every policy
//! as far as one permission goes; each is written in all the spellings that stand for more permissions than one, and all
//! nine permissions are asked about.

use std::collections::BTreeMap;

use portcullis::Gate;
use portcullis::trace::HypotheticalCaller;
use portcullis_reference::roles::{Role, have};
use portcullis_reference::share;
use serde_json::{Map, Value, json};

const ROLES: [&str; 3] = ["one", "two", "three"];
const RESOURCES: [&str; 3] = ["a", "b", "c"];
const ACTIONS: [&str; 3] = ["x", "y", "z"];

/// What stands for the permission `b:y`, alone or with others.
const SPELLINGS: [&str; 6] = ["b:y", "b:*", "*:y", "*", "{a,b}:{x,y}", "b:{y,z}"];

/// The ways in which three roles can inherit from each other without a circle.
fn inheritance() -> Vec<[Vec<usize>; 3]> {
    const EDGES: [(usize, usize); 6] = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
    let graphs = (0..1_u32 << EDGES.len()).map(|chosen| {
        let mut parents = [const { Vec::new() }; 3];
        for (index, (child, parent)) in EDGES.iter().enumerate() {
            if chosen >> index & 1 == 1 {
                parents[*child].push(*parent);
            }
        }
        parents
    });
    graphs.filter(|parents| !has_circle(parents)).collect()
}

fn has_circle(parents: &[Vec<usize>; 3]) -> bool {
    // After as many steps as there are roles, only a circle still leads on.
    (0..3).any(|start| {
        let mut reached = vec![start];
        for _ in 0..3 {
            reached = reached.iter().flat_map(|role| parents[*role].clone()).collect();
        }
        !reached.is_empty()
    })
}

fn gate(roles: &BTreeMap<String, Role>) -> Gate {
    let mut routes = Map::new();
    for resource in RESOURCES {
        for action in ACTIONS {
            let permission = format!("{resource}:{action}");
            routes.insert(format!("GET /{resource}/{action}"), json!(permission));
        }
    }
    let roles: Map<String, Value> = roles
        .iter()
        .map(|(name, role)| {
            let rules =
                json!({"inherits": role.inherits, "permissions": role.permissions, "deny": role.deny});
            (name.clone(), rules)
        })
        .collect();
    let key = json!({"alg": "HS256", "secret": {"env": "SECRET"}});
    let policy = json!({"roles": roles, "routes": routes});
    let document = json!({"profile": "generic", "issuers": [{"keys": [key]}], "policy": policy});
    let loaded = portcullis_config::load(document.to_string().as_bytes(), &OneSecret);
    loaded.unwrap_or_else(|errors| panic!("{errors}\n{document}")).gate
}

/// A key that no request here is verified with: a gate is not loaded without any.
struct OneSecret;

impl portcullis_config::Secrets for OneSecret {
    fn get(&self, _: &str) -> Option<String> {
        Some("0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned())
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }
}

/// Asks both about every permission and every set of roles.
fn agree_on(roles: &BTreeMap<String, Role>) -> usize {
    let gate = gate(roles);
    let routes = &gate.parts().policy.routes;
    let mut asked = 0;
    for chosen in 0..8_usize {
        let held: Vec<String> =
            (0..3).filter(|role| chosen >> role & 1 == 1).map(|role| ROLES[role].to_owned()).collect();
        let caller = HypotheticalCaller::with_roles(&held);
        for resource in RESOURCES {
            for action in ACTIONS {
                let route = routes.find("GET", &format!("/{resource}/{action}")).unwrap();
                let theirs = gate.would_permit(route, &caller).is_ok();
                let ours = have(roles, &held, &format!("{resource}:{action}"));
                assert_eq!(
                    theirs, ours,
                    "the core, then the model: {held:?}, {resource}:{action}, {roles:?}"
                );
                asked += 1;
            }
        }
    }
    asked
}

#[test]
fn all_small_policies() {
    let graphs = inheritance();
    assert_eq!(graphs.len(), 25);
    let (mut policies, mut asked) = (0_usize, 0);
    for (graph, given, denied) in graphs
        .iter()
        .flat_map(|graph| (0..8).flat_map(move |given| (0..8).map(move |denied| (graph, given, denied))))
    {
        for spelling in 0..SPELLINGS.len() * SPELLINGS.len() {
            policies += 1;
            if policies % share() != 0 {
                continue;
            }
            let (give, deny) = (SPELLINGS[spelling % SPELLINGS.len()], SPELLINGS[spelling / SPELLINGS.len()]);
            let only = |chosen: usize, role: usize, text: &str| {
                if chosen >> role & 1 == 1 { vec![text.to_owned()] } else { Vec::new() }
            };
            let roles = (0..3).map(|role| {
                let inherits = graph[role].iter().map(|parent| ROLES[*parent].to_owned()).collect();
                let permissions = only(given, role, give);
                (ROLES[role].to_owned(), Role { inherits, permissions, deny: only(denied, role, deny) })
            });
            asked += agree_on(&roles.collect());
        }
    }
    println!("{policies} policies, one in {} played; {asked} answers compared", share());
    assert_eq!(policies, 25 * 64 * 36);
    assert!(asked > 0);
}
