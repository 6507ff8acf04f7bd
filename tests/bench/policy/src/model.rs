//! What is decided: routes with permissions, roles, and requests.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use portcullis::parts::PermissionPattern;
use portcullis::trace::HypotheticalCaller;
use portcullis::{Gate, Permission, Target};
use portcullis_config::Secrets;
use serde_json::{Map, Value, json};

/// Somebody with a role, who wants something.
pub(crate) struct Request {
    method: String,
    path: String,
    pub(crate) role: String,
    pub(crate) permission: String,
    caller: HypotheticalCaller,
}

/// A policy, as a gate, and as what everybody else is told of it.
pub(crate) struct Model {
    gate: Gate,
    /// The permissions of each role, one by one.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
    pub(crate) requests: Vec<Request>,
}

struct Env;

impl Secrets for Env {
    fn get(&self, _: &str) -> Option<String> {
        Some("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned())
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn reaches_origin(&self) -> bool {
        true
    }
}

impl Model {
    /// The policy that a system comes with.
    pub(crate) fn of_profile(name: &str) -> Result<Self, Box<dyn Error>> {
        let path = format!("{}/../../../crates/config/systems/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let system: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        // RAGFlow reads nobody else's tokens.
        let swap = json!({"upstream": {"credential": "swap", "origin_key": {"env": "KEY"}}});
        let members = if name.starts_with("ragflow") { swap } else { json!({}) };
        Self::new(name, &system["policy"], members)
    }

    /// One with so many routes and roles; a role has a tenth of what there is.
    pub(crate) fn generated(routes: usize, roles: usize) -> Result<Self, Box<dyn Error>> {
        const ACTIONS: [&str; 5] = ["list", "create", "read", "update", "delete"];
        let mut random = 7_u64;
        let mut below = |limit: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % limit
        };
        let resources = routes / ACTIONS.len();
        let templates: Map<String, Value> = (0..routes)
            .map(|number| {
                let (resource, action) = (number / ACTIONS.len(), ACTIONS[number % ACTIONS.len()]);
                let (method, tail) = match action {
                    "list" => ("GET", ""),
                    "create" => ("POST", ""),
                    "read" => ("GET", "/{id}"),
                    "update" => ("PUT", "/{id}"),
                    _ => ("DELETE", "/{id}"),
                };
                (
                    format!("{method} /v1/resource{resource}{tail}"),
                    json!(format!("resource{resource}:{action}")),
                )
            })
            .collect();
        let roles: Map<String, Value> = (0..roles)
            .map(|number| {
                let permissions: Vec<String> =
                    (0..resources / 10).map(|_| format!("resource{}:*", below(resources))).collect();
                (format!("role{number}"), json!({ "permissions": permissions }))
            })
            .collect();
        let policy = json!({ "routes": templates, "roles": roles });
        Self::new("generic", &policy, json!({ "policy": policy }))
    }

    fn new(profile: &str, policy: &Value, members: Value) -> Result<Self, Box<dyn Error>> {
        let mut document = json!({
            "profile": profile,
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "SECRET"}}]}],
        });
        for (name, member) in members.as_object().into_iter().flatten() {
            document[name] = member.clone();
        }
        let loaded = portcullis_config::load(document.to_string().as_bytes(), &Env);
        let gate = loaded.map_err(|errors| errors.to_string())?.gate;
        let routes: Vec<(String, String, String)> =
            policy["routes"].as_object().into_iter().flatten().filter_map(route).collect();
        let asked: BTreeSet<&str> = routes.iter().map(|(_, _, permission)| permission.as_str()).collect();
        let asked: Vec<Permission> = asked.into_iter().filter_map(Permission::parse).collect();
        let named = policy["roles"].as_object().ok_or("no roles")?;
        let roles: BTreeMap<String, BTreeSet<String>> =
            named.keys().map(|role| (role.clone(), granted(named, role, &asked))).collect();
        let requests = routes.iter().enumerate().flat_map(|(index, (method, path, permission))| {
            // Of many roles, two at each route.
            let some = roles.keys().enumerate().filter(move |(number, _)| roles_few(*number, index));
            some.map(move |(_, role)| Request {
                method: method.clone(),
                path: path.clone(),
                role: role.clone(),
                permission: permission.clone(),
                caller: HypotheticalCaller::with_roles([role.clone()]),
            })
        });
        let requests = requests.collect();
        Ok(Self { gate, roles, requests })
    }

    /// What the gate decides between the credential and the bindings: normal form, route, roles.
    pub(crate) fn allows(&self, request: &Request) -> bool {
        let path = Target::parse(request.path.as_bytes()).map(|target| target.path).unwrap_or_default();
        let route = self.gate.parts().policy.routes.find(&request.method, &path);
        route.is_some_and(|route| self.gate.would_permit(route, &request.caller).is_ok())
    }
}

/// Which of the roles come with a request, of a route.
fn roles_few(role: usize, route: usize) -> bool {
    role < 5 || (role + route).is_multiple_of(25)
}

/// Method, a path and the permission of a route that takes one.
fn route((template, access): (&String, &Value)) -> Option<(String, String, String)> {
    let permission =
        access.as_str().or_else(|| access["access"].as_str()).filter(|text| text.contains(':'))?;
    let (method, path) = template.split_once(' ')?;
    let mut path = path.to_owned();
    while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
        let written = if path[start..end].ends_with(":path") { "some/words" } else { "8f14e45f" };
        path.replace_range(start..=end, written);
    }
    Some((method.to_owned(), path, permission.to_owned()))
}

/// The permissions of a role among those that are asked for.
fn granted(roles: &Map<String, Value>, role: &str, asked: &[Permission]) -> BTreeSet<String> {
    let list = |name: &str| roles[role][name].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut set: BTreeSet<String> =
        list("inherits").flat_map(|parent| granted(roles, parent, asked)).collect();
    let matching = |name: &str| -> Vec<String> {
        let patterns: Vec<_> = list(name).filter_map(PermissionPattern::parse).collect();
        let any = |permission: &&Permission| patterns.iter().any(|pattern| pattern.matches(permission));
        asked.iter().filter(any).map(ToString::to_string).collect()
    };
    set.extend(matching("permissions"));
    for denied in matching("deny") {
        set.remove(&denied);
    }
    set
}
