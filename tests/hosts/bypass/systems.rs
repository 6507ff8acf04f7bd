//! The systems: a document, secrets, callers and routes each.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use serde_json::{Value, json};

use crate::callers::{self, Caller, Credential};
use crate::plain::plain;

/// The systems, by name.
pub(crate) const NAMES: [&str; 5] = ["agentflow", "r2r", "rag-modulo", "ragflow", "generic"];

/// A route of a system or its document.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) template: String,
    pub(crate) access: String,
    /// Parameters and what they are bound to.
    pub(crate) bindings: Vec<(String, String)>,
    pub(crate) host: Option<String>,
}

/// An origin system and the gate's document for it.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) document: Value,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) routes: Vec<Route>,
    /// What the origin's own keys stand for, by key.
    keys: Value,
    /// The secret of the tokens that the origin gets.
    origin_secret: String,
}

const ISSUER: &str = tokens::ISSUER;
/// The cookie with a token that `generic` takes.
const COOKIE: &str = "sid";

impl System {
    /// The system of that name; with a `plain` document, if an earlier version of the gate is to read it.
    pub(crate) fn new(name: &'static str, is_plain: bool) -> Result<Self> {
        let issuer = tokens::secret()?;
        let mut system = match name {
            "agentflow" => agentflow(&issuer),
            "r2r" => r2r(&issuer),
            "rag-modulo" => rag_modulo(&issuer),
            "ragflow" => ragflow(&issuer),
            _ => generic(&issuer),
        }?;
        if is_plain {
            plain(&mut system.document);
            system.callers.retain(|caller| !matches!(caller.credential, Credential::Cookie(..)));
        }
        system.secrets.insert("ISSUER_SECRET".to_owned(), issuer);
        let data = system.data()?;
        let own = data.pointer("/policy/routes").and_then(Value::as_object).cloned().unwrap_or_default();
        let added = system.document.pointer("/policy/routes").and_then(Value::as_object).cloned();
        let routes = own.into_iter().chain(added.unwrap_or_default());
        system.routes = routes.filter_map(|(key, value)| Route::read(&key, &value)).collect();
        Ok(system)
    }

    fn make(name: &'static str, document: Value, callers: Vec<Caller>, origin_secret: &str) -> Self {
        Self {
            name,
            document,
            secrets: BTreeMap::new(),
            callers,
            routes: Vec::new(),
            keys: json!({}),
            origin_secret: origin_secret.to_owned(),
        }
    }

    fn folder() -> PathBuf {
        root().join("crates/config/systems")
    }

    /// The cookie that a credential may stand in.
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.document.pointer("/credentials/cookies/0").and_then(Value::as_str)
    }

    fn data(&self) -> Result<Value> {
        let path = Self::folder().join(format!("{}.json", self.name));
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// What the origin is told that judges arrivals.
    pub(crate) fn setting(&self) -> Result<Value> {
        let data = self.data()?;
        let kind = data["token_profile"].as_str().context("the system names no kind of token")?;
        let genuine = self.callers.iter().filter(|caller| caller.genuine());
        let callers: BTreeMap<_, _> = genuine.map(|caller| (caller.name, &caller.claims)).collect();
        Ok(json!({
            "system": Self::folder().join(format!("{}.json", self.name)),
            "token_kind": Self::folder().join(format!("tokens/{kind}.json")),
            "document": self.document,
            "secret": self.origin_secret,
            "keys": self.keys,
            "callers": callers,
            "server": if self.name == "ragflow" { "quart" } else { "uvicorn" },
        }))
    }
}

impl Route {
    fn read(key: &str, value: &Value) -> Option<Self> {
        let (method, template) = key.split_once(' ')?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let access = text(value).or_else(|| text(&value["access"]))?;
        let bound = value["where"].as_object().into_iter().flatten();
        let bindings = bound.filter_map(|(parameter, source)| {
            Some((parameter.clone(), text(source).or_else(|| text(&source["equals"]))?))
        });
        Some(Self {
            method: method.to_owned(),
            template: template.to_owned(),
            access,
            bindings: bindings.collect(),
            host: value.pointer("/hosts/0").and_then(text),
        })
    }
}

/// Tokens of an identity provider and keys of the gate's own, swapped for tokens of the origin.
fn agentflow(issuer: &str) -> Result<System> {
    let (origin, pepper) = (tokens::secret()?, tokens::secret()?);
    let key = tokens::api_key("robot")?;
    let document = json!({
        "profile": "agentflow",
        "issuers": [{"issuer": ISSUER, "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
        "api_keys": {"pepper": {"env": "PEPPER"}, "records": [
            {"id": "robot", "owner": "robot", "hash": tokens::key_hash(&pepper, &key)?, "roles": ["user"]},
        ]},
        "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
    });
    let person = |name, subject: &str, role: &str, more: Value| {
        let mut claims = json!({"iss": ISSUER, "user_id": subject, "role": role});
        claims
            .as_object_mut()
            .into_iter()
            .for_each(|claims| claims.extend(more.as_object().cloned().unwrap_or_default()));
        callers::with_token(name, subject, claims, issuer)
    };
    let mut all = vec![
        person("guest", "gina", "guest", json!({}))?,
        person("user", "alice", "user", json!({}))?,
        person("narrowed user", "nora", "user", json!({"scopes": ["graph:invoke"]}))?,
        person("user narrowed to nothing", "nils", "admin", json!({"scope": "Graph:Invoke graph:raed *"}))?,
        person("user of an identity provider", "iris", "user", json!({"scope": "openid profile email"}))?,
        person("admin", "root", "admin", json!({"tenant": "acme"}))?,
        Caller {
            name: "robot",
            claims: json!({"user_id": "robot", "role": "user"}),
            subject: "robot".to_owned(),
            credential: Credential::ApiKey(key),
        },
    ];
    let admin = json!({"iss": ISSUER, "user_id": "root", "role": "admin"});
    all.extend(callers::strangers(&admin, issuer)?);
    let mut system = System::make("agentflow", document, all, &origin);
    system.secrets.extend([("ORIGIN_SECRET".to_owned(), origin), ("PEPPER".to_owned(), pepper)]);
    Ok(system)
}

/// R2R's own tokens and keys, handed on.
fn r2r(issuer: &str) -> Result<System> {
    let key = format!("pk_{}.sk_{}", tokens::secret()?, tokens::secret()?);
    let document = json!({
        "profile": "r2r",
        "issuers": [{
            "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}],
            "subject_roles": {"admin@example.com": ["admin"]},
        }],
        "api_keys": {"records": [
            {"id": "ci", "hash": tokens::foreign_key_hash(&key), "owner": "ci@example.com", "roles": ["user"]},
        ]},
    });
    let claims = |subject: &str| json!({"sub": subject, "token_type": "access"});
    let person = |name, subject: &str| callers::with_token(name, subject, claims(subject), issuer);
    let record = json!({"sub": "ci@example.com", "roles": ["user"]});
    let with_key = |name, credential| Caller {
        name,
        claims: record.clone(),
        subject: "ci@example.com".to_owned(),
        credential,
    };
    let mut all = vec![
        person("user", "alice@example.com")?,
        person("admin", "admin@example.com")?,
        with_key("key as bearer", Credential::Bearer(key.clone())),
        with_key("key", Credential::ApiKey(key.clone())),
    ];
    all.extend(callers::strangers(&claims("admin@example.com"), issuer)?);
    let mut system = System::make("r2r", document, all, issuer);
    system.keys = json!({key: record});
    Ok(system)
}

/// RAG Modulo's own tokens, handed on to a server that verifies nothing.
fn rag_modulo(issuer: &str) -> Result<System> {
    let document = json!({
        "profile": "rag-modulo",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
    });
    let claims = |subject: &str, role: &str| json!({"uuid": subject, "role": role});
    let person =
        |name, subject: &str, role| callers::with_token(name, subject, claims(subject, role), issuer);
    let mut all = vec![
        person("guest", "gina", "guest")?,
        person("user", "ann", "user")?,
        person("another user", "bob", "user")?,
        person("admin", "root", "admin")?,
    ];
    all.extend(callers::strangers(&claims("root", "admin"), issuer)?);
    Ok(System::make("rag-modulo", document, all, issuer))
}

/// RAGFlow's own keys, handed on.
fn ragflow(issuer: &str) -> Result<System> {
    let keys = [format!("ragflow-{}", tokens::secret()?), format!("ragflow-{}", tokens::secret()?)];
    let record = |id: &str, key: &String, role: &str| json!({"id": id, "owner": id, "hash": tokens::foreign_key_hash(key), "roles": [role]});
    let document = json!({
        "profile": "ragflow",
        "api_keys": {"records": [record("alice", &keys[0], "user"), record("root", &keys[1], "admin")]},
    });
    let claims = |subject: &str, role: &str| json!({"sub": subject, "roles": [role]});
    let caller = |name, subject: &str, role, key: &String| Caller {
        name,
        claims: claims(subject, role),
        subject: subject.to_owned(),
        credential: Credential::Bearer(key.clone()),
    };
    let mut all = vec![caller("user", "alice", "user", &keys[0]), caller("admin", "root", "admin", &keys[1])];
    all.extend(callers::strangers(&claims("root", "admin"), issuer)?);
    let mut system = System::make("ragflow", document, all, issuer);
    system.keys = json!({keys[0].clone(): claims("alice", "user"), keys[1].clone(): claims("root", "admin")});
    Ok(system)
}

/// An origin of one's own, with every kind of binding.
fn generic(issuer: &str) -> Result<System> {
    let pepper = tokens::secret()?;
    let key = tokens::api_key("robot")?;
    let document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "keys": [{"alg": "HS256", "secret": {"env": "ISSUER_SECRET"}}]}],
        "api_keys": {"pepper": {"env": "PEPPER"}, "records": [{
            "id": "robot", "owner": "robot", "hash": tokens::key_hash(&pepper, &key)?, "roles": ["user"],
            "tenant": "t1",
            "claims": {"collections": ["c1"]},
        }]},
        "credentials": {"cookies": [COOKIE]},
        "policy": {
            "roles": {
                "guest": {"permissions": ["items:read"]},
                "user": {"inherits": ["guest"], "permissions": ["items:write", "notes:{read,write}", "live:open"]},
                "auditor": {"permissions": ["*:read"], "deny": ["notes:*"]},
                "admin": {"permissions": ["*"]},
            },
            "routes": {
                "GET /status": "public",
                "GET /assets/{rest:path}": "public",
                "GET /items": "items:read",
                "POST /items": "items:write",
                "GET /items/{id}": "items:read",
                "DELETE /items/{id}": "items:delete",
                "GET /admin": "admin:read",
                "POST /admin/users": "admin:write",
                "DELETE /admin/users/{id}": "admin:write",
                "GET /internal": "refused",
                "OPTIONS /tools": "admin:read",
                "GET /twin": "admin:read",
                "WEBSOCKET /twin": "public",
                "WEBSOCKET /live": "live:open",
                "WEBSOCKET /room": {"access": "live:open", "where": {"header.X-Tenant": "tenant"}},
                "GET /hosted": {"access": "items:read", "hosts": ["api.example.com"]},
                "GET /tenants/{tenant}/notes": {"access": "notes:read", "where": {"path.tenant": "tenant"}},
                "GET /search": {"access": "notes:read", "where": {"query.tenant": "tenant"}},
                "GET /profile": {"access": "notes:read", "where": {"header.X-Tenant": "tenant"}},
                "GET /collections/{collection}/search": {"access": "notes:read", "where": {
                    "path.collection": "/collections", "query.user_id": "subject", "header.X-Tenant": "tenant",
                }},
                "GET /listing": {"access": "notes:read", "where": {
                    "query.user_id": {"equals": "subject", "optional": true},
                }},
                "GET /session": {"access": "notes:read", "where": {"cookie.tenant": "tenant"}},
                "POST /upload": {"access": "notes:write", "where": {"form.tenant": "tenant"}},
                "POST /notes": {"access": "notes:write", "where": {"body./tenant": "tenant"}},
                "POST /batch": {"access": "notes:write", "where": {
                    "body./scope/collections": "/collections", "query.tenant": "tenant",
                }},
            },
        },
        "upstream": {"remove_headers": ["X-Org-Id"]},
    });
    let claims = |subject: &str, role: &str, tenant: &str, collection: &str| json!({"iss": ISSUER, "sub": subject, "roles": [role], "tenant": tenant, "collections": [collection]});
    let person = |name, subject: &str, role, tenant, collection| {
        callers::with_token(name, subject, claims(subject, role, tenant, collection), issuer)
    };
    let mut all = vec![
        person("guest", "gina", "guest", "t1", "c1")?,
        person("user", "alice", "user", "t1", "c1")?,
        person("user of another tenant", "bob", "user", "t2", "c2")?,
        person("auditor", "olga", "auditor", "t1", "c1")?,
        person("admin", "root", "admin", "t1", "c1")?,
        person("user in a browser", "cleo", "user", "t1", "c1")?.with_cookie(COOKIE),
        Caller {
            name: "robot",
            claims: json!({"sub": "robot", "roles": ["user"], "tenant": "t1", "collections": ["c1"]}),
            subject: "robot".to_owned(),
            credential: Credential::ApiKey(key.clone()),
        },
    ];
    all.extend(callers::strangers(&claims("root", "admin", "t1", "c1"), issuer)?);
    let mut system = System::make("generic", document, all, issuer);
    system.keys = json!({key: {"sub": "robot", "roles": ["user"], "tenant": "t1", "collections": ["c1"]}});
    system.secrets.insert("PEPPER".to_owned(), pepper);
    Ok(system)
}
