//! What a large policy costs: 10,000 routes and 1,000 roles, loaded and asked.
//!
//! `cargo bench --bench policy_scale` prints a table. Loading must stay under 100 ms and a decision under 1 µs. Beside
//! them stands what anybody would put together for the same policy: the router `matchit` and a map from roles to sets
//! of permissions, which answer the same requests in the same run and must come to the same decisions.

#![allow(missing_docs, reason = "a benchmark is a program")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use portcullis::parts::PermissionPattern;
use portcullis::trace::HypotheticalCaller;
use portcullis::{Gate, Permission, Target};
use portcullis_config::Secrets;
use portcullis_tests::try_load;
use serde_json::{Value, json};

const RESOURCES: usize = 200;
const ROLES: usize = 1_000;
const ROUTES: usize = 10_000;
const LOAD_LIMIT: Duration = Duration::from_millis(100);
const DECISION_LIMIT: Duration = Duration::from_micros(1);

struct Env;

impl Secrets for Env {
    fn get(&self, _name: &str) -> Option<String> {
        Some("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned())
    }

    fn hint(&self, _name: &str) -> String {
        String::new()
    }
}

/// Numbers that look random and are the same in every run (a linear congruential generator, constants of Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Method, template and permission: fifty for each resource, of two to six segments.
fn routes() -> Vec<(&'static str, String, String)> {
    let mut routes = Vec::new();
    for number in 0..RESOURCES {
        let name = format!("resource{number}");
        let all = format!("/v1/{name}");
        let one = format!("{all}/{{id}}");
        let mut add = |method, path: String, action: &str| {
            routes.push((method, path, format!("{name}:{action}")));
        };
        add("GET", all.clone(), "list");
        add("POST", all.clone(), "create");
        add("GET", format!("{all}/search/{{query:path}}"), "search");
        add("POST", format!("{all}/export"), "export");
        add("GET", one.clone(), "read");
        add("PUT", one.clone(), "update");
        add("PATCH", one.clone(), "update");
        add("DELETE", one.clone(), "delete");
        for part in ["versions", "comments", "members", "files", "chunks", "events"] {
            let parts = format!("{one}/{part}");
            let part_id = format!("{parts}/{{part_id}}");
            add("GET", parts.clone(), &format!("{part}.list"));
            add("POST", parts.clone(), &format!("{part}.create"));
            add("GET", part_id.clone(), &format!("{part}.read"));
            add("PUT", part_id.clone(), &format!("{part}.update"));
            add("DELETE", part_id.clone(), &format!("{part}.delete"));
            add("GET", format!("{part_id}/raw"), &format!("{part}.read"));
            add("GET", format!("{part_id}/history"), &format!("{part}.read"));
        }
    }
    assert_eq!(routes.len(), ROUTES);
    routes
}

/// What a role inherits, grants and denies.
struct Role {
    name: String,
    inherits: Vec<String>,
    permissions: Vec<String>,
    deny: Vec<String>,
}

fn roles(routes: &[(&str, String, String)], numbers: &mut Numbers) -> Vec<Role> {
    let mut roles = Vec::new();
    for number in 0..ROLES {
        let mut resource = || format!("resource{}", numbers.below(RESOURCES));
        let mut permissions = vec![
            format!("{}:*", resource()),
            format!("{}:{{read,list,search}}", resource()),
            format!("{{{},{},{}}}:{{read,files.read,chunks.read}}", resource(), resource(), resource()),
        ];
        permissions.push(if number % 50 == 0 { "*:list".to_owned() } else { format!("{}:list", resource()) });
        let deny = vec![format!("{}:delete", resource())];
        while permissions.len() < 10 {
            permissions.push(routes[numbers.below(ROUTES)].2.clone());
        }
        // A tree five deep, and now and then a second parent.
        let mut inherits = Vec::new();
        if number > 0 {
            inherits.push(format!("role{}", (number - 1) / 4));
        }
        if number % 10 == 9 {
            inherits.push(format!("role{}", numbers.below(number)));
        }
        roles.push(Role { name: format!("role{number}"), inherits, permissions, deny });
    }
    roles
}

fn document(routes: &[(&str, String, String)], roles: &[Role]) -> String {
    let route = |(index, (method, path, permission)): (usize, &(&str, String, String))| {
        let bound = index % 50 == 4;
        let access = if bound {
            json!({"access": permission, "where": {"path.id": "/documents"}})
        } else {
            json!(permission)
        };
        (format!("{method} {path}"), access)
    };
    let routes: serde_json::Map<String, Value> = routes.iter().enumerate().map(route).collect();
    let roles: serde_json::Map<String, Value> = roles
        .iter()
        .map(|role| {
            let Role { name, inherits, permissions, deny } = role;
            (name.clone(), json!({"inherits": inherits, "permissions": permissions, "deny": deny}))
        })
        .collect();
    serde_json::to_string_pretty(&json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "KEY"}}]}],
        "policy": {"routes": routes, "roles": roles},
    }))
    .unwrap()
}

/// The peer: a router for each method, and what each role grants and denies.
struct Peer {
    routers: HashMap<&'static str, matchit::Router<String>>,
    roles: HashMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

impl Peer {
    fn new(routes: &[(&'static str, String, String)], roles: &[Role]) -> Self {
        let mut routers: HashMap<&'static str, matchit::Router<String>> = HashMap::new();
        for (method, path, permission) in routes {
            let path = path.replace("{query:path}", "{*query}");
            routers.entry(method).or_default().insert(path, permission.clone()).unwrap();
        }
        let asked: BTreeSet<&String> = routes.iter().map(|(_, _, permission)| permission).collect();
        let asked: Vec<Permission> = asked.iter().map(|text| Permission::parse(text).unwrap()).collect();
        let mut compiled: HashMap<String, (BTreeSet<String>, BTreeSet<String>)> = HashMap::new();
        for role in roles {
            // Parents come first.
            let (mut granted, mut denied) = (BTreeSet::new(), BTreeSet::new());
            for parent in &role.inherits {
                granted.extend(compiled[parent].0.iter().cloned());
                denied.extend(compiled[parent].1.iter().cloned());
            }
            for (patterns, set) in [(&role.permissions, &mut granted), (&role.deny, &mut denied)] {
                for pattern in patterns {
                    let pattern = PermissionPattern::parse(pattern).unwrap();
                    let matching = asked.iter().filter(|permission| pattern.matches(permission));
                    set.extend(matching.map(ToString::to_string));
                }
            }
            compiled.insert(role.name.clone(), (granted, denied));
        }
        Self { routers, roles: compiled }
    }

    fn decide(&self, method: &str, path: &str, roles: &[String]) -> bool {
        let Some(found) = self.routers.get(method).and_then(|router| router.at(path).ok()) else {
            return false;
        };
        let mut granted = false;
        for (grants, denies) in roles.iter().filter_map(|role| self.roles.get(role)) {
            if denies.contains(found.value) {
                return false;
            }
            granted |= grants.contains(found.value);
        }
        granted
    }
}

/// The best and the median of repeated runs, each divided by `parts`. What a run makes is dropped outside.
fn time<T>(runs: usize, parts: usize, mut run: impl FnMut() -> T) -> (Duration, Duration) {
    black_box(run());
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            let made = black_box(run());
            let taken = start.elapsed() / u32::try_from(parts).unwrap();
            drop(made);
            taken
        })
        .collect();
    times.sort();
    (times[0], times[times.len() / 2])
}

/// The mean time on the processor, where the system tells it: wall time counts the turns of other programs as well.
fn processor_time<T>(runs: u32, mut run: impl FnMut() -> T) -> Option<Duration> {
    let so_far = || -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    };
    let mut sum = 0;
    for _ in 0..runs {
        let start = so_far()?;
        let made = black_box(run());
        sum += so_far()? - start;
        drop(made);
    }
    Some(Duration::from_nanos(sum) / runs)
}

fn row(name: &str, (best, median): (Duration, Duration), limit: Option<Duration>) {
    let limit = limit.map_or(String::new(), |limit| {
        format!("{limit:?}: {}", if median < limit { "kept" } else { "NOT KEPT" })
    });
    println!("{name:<58} {best:>10.1?} {median:>10.1?}  {limit}");
}

/// What the gate decides before it looks at credentials and bindings: normal form, route, roles.
fn allows(gate: &Gate, method: &str, path: &str, caller: &HypotheticalCaller) -> bool {
    let path = Target::parse(path.as_bytes()).map(|target| target.path).unwrap_or_default();
    let route = gate.parts().policy.routes.find(method, &path);
    route.is_some_and(|route| gate.would_permit(route, caller).is_ok())
}

fn main() {
    // A test run of all targets must not take the time of a measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut numbers = Numbers(7);
    let routes = routes();
    let roles = roles(&routes, &mut numbers);
    let document = document(&routes, &roles);
    let gate = try_load(document.as_bytes(), &Env).unwrap();
    let peer = Peer::new(&routes, &roles);

    // One request for every fifth route, of a caller with three roles; one in twenty has no route.
    let requests: Vec<(&str, String)> = (0..ROUTES / 5)
        .map(|index| {
            let (method, path, _) = &routes[numbers.below(ROUTES)];
            let path = path.replace("{id}", "8f14e45f").replace("{part_id}", "c9f0f895");
            let path = path.replace("{query:path}", "some/words");
            (*method, if index % 20 == 0 { format!("{path}/none") } else { path })
        })
        .collect();
    let callers: Vec<Vec<String>> =
        (0..50).map(|_| (0..3).map(|_| format!("role{}", numbers.below(ROLES))).collect()).collect();
    let assumed: Vec<HypotheticalCaller> = callers.iter().map(HypotheticalCaller::with_roles).collect();

    let mut counts: BTreeMap<bool, usize> = BTreeMap::new();
    for (index, (method, path)) in requests.iter().enumerate() {
        let caller = index % callers.len();
        let allowed = allows(&gate, method, path, &assumed[caller]);
        assert_eq!(allowed, peer.decide(method, path, &callers[caller]), "{method} {path}");
        *counts.entry(allowed).or_default() += 1;
    }

    println!(
        "{} routes, {} roles, {} KiB of JSON",
        gate.parts().policy.routes.iter().count(),
        gate.parts().policy.roles.names().count(),
        document.len() / 1024
    );
    println!(
        "requests allowed and denied: {:?}; lints: {}\n",
        counts.values().rev().collect::<Vec<_>>(),
        portcullis_analysis::lints(&portcullis_config::compile(document.as_bytes(), &Env).unwrap()).len()
    );
    println!("{:<58} {:>10} {:>10}  limit", "", "best", "median");

    let load = time(25, 1, || try_load(black_box(document.as_bytes()), &Env).unwrap());
    row("load: JSON, routes, roles", load, Some(LOAD_LIMIT));
    if let Some(taken) = processor_time(25, || try_load(black_box(document.as_bytes()), &Env).unwrap()) {
        row("  of it on the processor, mean (other programs left out)", (taken, taken), Some(LOAD_LIMIT));
    }
    let json = time(25, 1, || serde_json::from_str::<Value>(black_box(&document)).unwrap());
    row("  of the peer: serde_json alone", json, None);
    let built = time(3, 1, || Peer::new(black_box(&routes), black_box(&roles)));
    row("  of the peer: its routers and sets", built, None);

    let each = requests.len();
    let all = |decide: &dyn Fn(usize, &str, &str) -> bool| {
        time(200, each, || {
            for (index, (method, path)) in requests.iter().enumerate() {
                black_box(decide(index % callers.len(), black_box(method), black_box(path)));
            }
        })
    };
    let normal = all(&|_, _, path| Target::parse(path.as_bytes()).is_ok());
    let decided = all(&|caller, method, path| allows(&gate, method, path, &assumed[caller]));
    let peers = all(&|caller, method, path| peer.decide(method, path, &callers[caller]));
    println!();
    row("decision: normal form of the path, route, roles", decided, Some(DECISION_LIMIT));
    row("  of it the normal form", normal, None);
    row("  of the peer: route and roles, the path as it came", peers, None);
    let own = |(decided, normal): (Duration, Duration)| decided.saturating_sub(normal).as_secs_f64();
    println!(
        "\nroute and roles take {:.2} (best) or {:.2} (median) of what the peer takes; loading takes {:.2} of what it takes",
        own((decided.0, normal.0)) / peers.0.as_secs_f64(),
        own((decided.1, normal.1)) / peers.1.as_secs_f64(),
        load.1.as_secs_f64() / (json.1 + built.1).as_secs_f64(),
    );
}
