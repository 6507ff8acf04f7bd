//! A random policy with its callers, as a document and as a model.

mod bodies;

use std::collections::BTreeMap;

use fastrand::Rng;
use jwt_simple::prelude::*;
use portcullis::Gate;
use portcullis_config::Secrets;
use portcullis_reference::model::Model;
use portcullis_reference::parameter::Rule;
use portcullis_reference::request::{Caller, Declared, Request};
use portcullis_reference::roles::Role;
use portcullis_reference::routes::Route;
use serde_json::{Map, Value, json};

/// 2026-11-22T00:00:00Z: the time of every decision.
pub const NOW: u64 = 1_795_305_600;
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

const PERMISSIONS: [&str; 4] = ["notes:read", "notes:write", "files:read", "files:write"];
const PATTERNS: [&str; 7] =
    ["notes:read", "notes:*", "*:read", "*", "{notes,files}:write", "files:{read,write}", "other:read"];
const TEMPLATES: [&str; 8] = [
    "/notes",
    "/notes/",
    "/notes/{id}",
    "/notes/new",
    "/notes/{id}/files",
    "/notes/{rest:path}",
    "/{tenant}/notes",
    "/files/{id}",
];
const SEGMENTS: [&str; 14] = [
    "notes", "new", "files", "t1", "t2", "alice", "", ".", "..", "%6eotes", "%2e%2e", "a%2Fb", "..;x",
    "a%25b",
];
const QUERIES: [&str; 16] = [
    "tenant=t1",
    "tenant=t2",
    "tenant=%74%31",
    "Tenant=t1",
    "tenant[]=t2",
    "a=1;tenant=t2",
    "a=1",
    "",
    "tenant",
    "%74enant=t1",
    "tenant=t+1",
    "%zz=1",
    "tenant.x=t1",
    "te%2574=1",
    "user=alice",
    "tenant=t1;b=2",
];

const SCOPES: [&str; 16] = [
    "notes:read",
    "notes:write",
    "files:read",
    "Notes:read",
    "notes:raed",
    "x:read",
    "files:x",
    "openid",
    "profile",
    "*",
    "*:*",
    "x:y",
    "api://x/y",
    "notes",
    "notes:a:b",
    "other:x",
];
/// The cookie that a credential may stand in.
const COOKIE: &str = "sid";

/// A policy.
pub struct World {
    /// Compiled.
    pub gate: Gate,
    /// As the model has it.
    pub model: Model,
    /// As it is written.
    pub document: Value,
    tokens: Vec<String>,
    keys: Vec<String>,
}

struct OneSecret;

impl Secrets for OneSecret {
    fn get(&self, _: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }
}

fn some<'t>(random: &mut Rng, texts: &[&'t str], most: usize) -> Vec<&'t str> {
    (0..random.usize(..=most)).map(|_| texts[random.usize(..texts.len())]).collect()
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

impl World {
    pub fn random(random: &mut Rng) -> Self {
        let roles = roles(random);
        let routes = routes(random);
        let callers: Vec<Caller> = (0..4).map(|number| caller(random, number)).collect();
        let cookie = random.bool().then(|| COOKIE.to_owned());
        let scopes_narrow = random.u8(..4) > 0;
        let key = HS256Key::from_bytes(SECRET.as_bytes());
        let tokens: BTreeMap<String, Caller> =
            callers[..2].iter().map(|caller| (token(&key, caller), caller.clone())).collect();
        let api_keys: BTreeMap<String, Caller> = callers[2..]
            .iter()
            .map(|caller| (format!("a-key-of-another-system-{}", caller.subject), caller.clone()))
            .collect();
        let mut document = document(&roles, &routes, &api_keys);
        document["credentials"] = json!({"cookies": cookie.as_slice()});
        document["policy"]["scopes_narrow"] = scopes_narrow.into();
        let loaded = portcullis_config::load(document.to_string().as_bytes(), &OneSecret);
        let gate = loaded.unwrap_or_else(|errors| panic!("{errors}\n{document}")).gate;
        let (all_tokens, keys) = (tokens.keys().cloned().collect(), api_keys.keys().cloned().collect());
        let model = Model { routes, roles, tokens, api_keys, cookie, scopes_narrow };
        Self { gate, model, document, tokens: all_tokens, keys }
    }

    /// A request that may be anything, but often is what a route is for.
    pub fn request(&self, random: &mut Rng) -> Request {
        let path = if random.u8(..4) > 0 && !self.model.routes.is_empty() {
            let route = &self.model.routes[random.usize(..self.model.routes.len())];
            let segments =
                route.template.split('/').skip(1).map(|segment| {
                    if segment.starts_with('{') { SEGMENTS[random.usize(3..6)] } else { segment }
                });
            segments.map(|segment| format!("/{segment}")).collect()
        } else {
            (0..random.usize(1..5))
                .map(|_| format!("/{}", SEGMENTS[random.usize(..SEGMENTS.len())]))
                .collect::<String>()
        };
        let queries = some(random, &QUERIES, 2);
        let target = if queries.is_empty() { path } else { format!("{path}?{}", queries.join("&")) };
        let mut headers = Vec::new();
        for _ in 0..[0, 1, 1, 1, 1, 2][random.usize(..6)] {
            headers.push(self.credential(random));
        }
        for (name, value) in [
            ("X-Tenant", "t1"),
            ("x-tenant", "t2"),
            ("X_Tenant", "t1"),
            ("Accept", "*/*"),
            ("Host", "gate.example"),
            ("Origin", ["https://gate.example", "https://evil.example"][random.usize(..2)]),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Site", "cross-site"),
            ("sec-fetch-site", "none"),
        ] {
            if random.u8(..5) == 0 {
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        if random.u8(..3) == 0 {
            headers.push(("Cookie".to_owned(), bodies::cookie(random)));
        }
        let (announced, body) = bodies::body(random);
        headers.extend(announced);
        let method = ["GET", "GET", "POST"][random.usize(..3)];
        Request { method: method.to_owned(), target, headers, body }
    }

    fn credential(&self, random: &mut Rng) -> (String, String) {
        let token = &self.tokens[random.usize(..self.tokens.len())];
        let key = &self.keys[random.usize(..self.keys.len())];
        let (name, value) = match random.u8(..16) {
            0..=3 => ("Authorization", format!("Bearer {token}")),
            4 => ("authorization", format!("bearer  {token}")),
            5 => ("Authorization", format!("Basic {token}")),
            6 => ("Authorization", format!("Bearer {}x", token)),
            7 => ("Authorization", format!("Bearer {token}, Bearer {}", self.tokens[0])),
            8..=10 => ("X-API-Key", key.clone()),
            12 => ("Cookie", format!("{COOKIE}={token}")),
            13 => ("Cookie", format!("a=1; {COOKIE}={key};b=2")),
            14 => ("cookie", format!("{COOKIE}={token}; {COOKIE}={}", self.tokens[0])),
            15 => ("Cookie", self.odd_cookie(random)),
            _ => ("x-api-key", format!("{key}x")),
        };
        (name.to_owned(), value)
    }
}

impl World {
    /// One that some server takes for the cookie, and some does not; or another cookie.
    fn odd_cookie(&self, random: &mut Rng) -> String {
        let token = &self.tokens[random.usize(..self.tokens.len())];
        match random.u8(..7) {
            0 => format!("Sid={token}"),
            1 => format!("{COOKIE} ={token}"),
            2 => format!("{COOKIE}=\"{token}\""),
            3 => format!("{COOKIE}[0]={token}"),
            4 => format!("{COOKIE}="),
            5 => COOKIE.to_owned(),
            _ => format!("sids={token}; b=sid"),
        }
    }
}

fn roles(random: &mut Rng) -> BTreeMap<String, Role> {
    let mut roles = BTreeMap::new();
    for (index, name) in ["one", "two", "three"].into_iter().enumerate() {
        // Of those before it only: no circle.
        let inherits = owned(if index == 0 { Vec::new() } else { some(random, &["one", "two"][..index], 1) });
        let permissions = owned(some(random, &PATTERNS, 3));
        let deny = owned(if random.u8(..4) == 0 { some(random, &PATTERNS, 1) } else { Vec::new() });
        roles.insert(name.to_owned(), Role { inherits, permissions, deny });
    }
    roles
}

fn routes(random: &mut Rng) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for template in TEMPLATES {
        for method in ["GET", "POST"] {
            if random.bool() {
                continue;
            }
            let access = match random.u8(..8) {
                0 => "public",
                1 => "refused",
                _ => PERMISSIONS[random.usize(..PERMISSIONS.len())],
            };
            let can_bind = access.contains(':') && random.u8(..2) == 0;
            let bindings = if can_bind { bindings(random, template) } else { Vec::new() };
            routes.push(Route {
                method: method.to_owned(),
                template: template.to_owned(),
                access: access.to_owned(),
                bindings,
            });
        }
    }
    routes
}

fn bindings(random: &mut Rng, template: &str) -> Vec<Rule> {
    let mut parameters = vec![
        "query.tenant",
        "header.X-Tenant",
        "cookie.tenant",
        "body./tenant",
        "body./tenant",
        "body./in/tenant",
        "form.tenant",
    ];
    parameters.extend(template.contains("{id}").then_some("path.id"));
    parameters.extend(template.contains("{tenant}").then_some("path.tenant"));
    let parameter = parameters[random.usize(..parameters.len())];
    let equals = ["subject", "tenant", "/collections"][random.usize(..3)];
    let optional = !parameter.starts_with("path.") && random.bool();
    vec![Rule { parameter: parameter.to_owned(), equals: equals.to_owned(), optional }]
}

fn caller(random: &mut Rng, number: usize) -> Caller {
    let collections = owned(some(random, &["t1", "t2", "new"], 2));
    Caller {
        subject: ["alice", "bob", "t1", "new"][number].to_owned(),
        tenant: random.bool().then(|| ["t1", "t2"][random.usize(..2)].to_owned()),
        roles: owned(some(random, &["one", "two", "three", "unknown"], 2)),
        claims: BTreeMap::from([("/collections".to_owned(), collections)]),
        scopes: if number < 2 { claimed(random) } else { recorded(random) },
    }
}

/// In up to three claims of a token.
fn claimed(random: &mut Rng) -> Vec<Declared> {
    let claim = |random: &mut Rng| {
        let scopes = owned(some(random, &SCOPES, 3));
        if random.bool() { Declared::Text(scopes.join(" ")) } else { Declared::List(scopes) }
    };
    (0..[0, 0, 1, 1, 2, 3][random.usize(..6)]).map(|_| claim(random)).collect()
}

fn recorded(random: &mut Rng) -> Vec<Declared> {
    let scopes = owned(some(random, &PERMISSIONS, 3));
    if random.bool() { vec![Declared::Recorded(scopes)] } else { Vec::new() }
}

fn token(key: &HS256Key, caller: &Caller) -> String {
    let mut claims = json!({"sub": caller.subject, "roles": caller.roles, "exp": NOW + 60,
        "collections": caller.claims["/collections"]});
    if let (Some(tenant), Some(members)) = (&caller.tenant, claims.as_object_mut()) {
        members.insert("tenant".to_owned(), json!(tenant));
    }
    for (name, declared) in ["scope", "scopes", "scp"].into_iter().zip(&caller.scopes) {
        claims[name] = match declared {
            Declared::Text(text) => json!(text),
            Declared::List(list) | Declared::Recorded(list) => json!(list),
        };
    }
    let mut set = Claims::with_custom_claims(claims, Duration::from_secs(1));
    (set.issued_at, set.expires_at, set.invalid_before) = (None, None, None);
    key.authenticate(set).unwrap()
}

fn document(roles: &BTreeMap<String, Role>, routes: &[Route], api_keys: &BTreeMap<String, Caller>) -> Value {
    let roles: Map<String, Value> = roles
        .iter()
        .map(|(name, role)| {
            (
                name.clone(),
                json!({"inherits": role.inherits, "permissions": role.permissions, "deny": role.deny}),
            )
        })
        .collect();
    let routes: Map<String, Value> = routes
        .iter()
        .map(|route| {
            let bound = route.bindings.iter().map(|rule| {
                (rule.parameter.clone(), json!({"equals": rule.equals, "optional": rule.optional}))
            });
            let bound: Map<String, Value> = bound.collect();
            (format!("{} {}", route.method, route.template), json!({"access": route.access, "where": bound}))
        })
        .collect();
    let records: Vec<Value> = api_keys
        .iter()
        .enumerate()
        .map(|(number, (key, caller))| {
            let mut record = json!({"id": format!("key{number}"), "hash": portcullis::api_key::plain_hash(key),
                "roles": known(&caller.roles), "owner": caller.subject,
                "claims": {"collections": caller.claims["/collections"]}});
            if let (Some(tenant), Some(members)) = (&caller.tenant, record.as_object_mut()) {
                members.insert("tenant".to_owned(), json!(tenant));
            }
            if let [Declared::Recorded(scopes)] = caller.scopes.as_slice() {
                record["scopes"] = json!(scopes);
            }
            record
        })
        .collect();
    json!({"profile": "generic", "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "SECRET"}}]}],
        "api_keys": {"records": records}, "policy": {"roles": roles, "routes": routes}})
}

/// A record may only name roles that exist; a token may name any.
fn known(roles: &[String]) -> Vec<&String> {
    roles.iter().filter(|role| *role != "unknown").collect()
}
