//! Every small policy, asked about every permission and every set of roles.

use std::collections::BTreeMap;

use portcullis::Gate;
use portcullis::trace::HypotheticalCaller;
use portcullis_reference::roles::{Role, have};
use portcullis_reference::share;
use portcullis_reference::small::{ACTIONS, POLICIES, RESOURCES, held, policies};
use serde_json::{Map, Value, json};

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
    for held in held() {
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
    let asked: usize = policies(share()).map(|roles| agree_on(&roles)).sum();
    println!("{POLICIES} policies, one in {} played; {asked} answers compared", share());
    assert!(asked > 0);
}
