//! Documents of a size, and requests that they allow.

use std::error::Error;

use jwt_simple::prelude::*;
use portcullis::api_key::{Pepper, assemble};
use portcullis::{Decision, HeaderPair, RequestHead, Step, Verdict};
use serde_json::{Map, Value, json};

use crate::sides::{AUDIENCE, ISSUER};

/// How many requests there are, but where each remembered token has one.
const REQUESTS: usize = 256;
/// How many routes there are where something else grows.
const ROUTES: usize = 100;

/// A document, and requests that it allows.
pub(super) struct Case {
    pub(super) document: String,
    pub(super) secret: String,
    pub(super) requests: Vec<Sent>,
    /// Whether the gate remembers tokens; otherwise each is verified.
    pub(super) remembers: bool,
}

/// A request with GET.
pub(super) struct Sent {
    target: String,
    authorization: String,
}

impl Sent {
    /// To the route with this number.
    fn new(route: usize, credential: &str) -> Self {
        let tail = if route.is_multiple_of(2) { "" } else { "/8f14e45f" };
        let target = format!("/v1/resource{}{tail}?limit=10", route / 2);
        Self { target, authorization: format!("Bearer {credential}") }
    }

    /// Whether it is allowed.
    pub(super) fn is_allowed(&self, decide: impl FnOnce(&RequestHead<'_>) -> Step) -> bool {
        matches!(self.decided(decide), Step::Verdict(verdict) if matches!(verdict.decision, Decision::Allow(_)))
    }

    /// Fails with what became of it, if it is not allowed.
    pub(super) fn check(&self, decide: impl FnOnce(&RequestHead<'_>) -> Step) -> Result<(), String> {
        match self.decided(decide) {
            Step::Verdict(Verdict { decision: Decision::Allow(_), .. }) => Ok(()),
            Step::Verdict(verdict) => Err(format!("{}: {:?}", self.target, verdict.diagnostics.reason)),
            Step::Need(need) => Err(format!("{}: {need:?}", self.target)),
        }
    }

    fn decided(&self, decide: impl FnOnce(&RequestHead<'_>) -> Step) -> Step {
        let pairs = [
            HeaderPair::new("host", "api.example.com"),
            HeaderPair::new("accept", "application/json"),
            HeaderPair::new("authorization", &self.authorization),
        ];
        decide(&RequestHead::new("GET", &self.target, &pairs).with_request_id("request-1"))
    }
}

impl Case {
    /// Of the usual document, with these members besides, or in the place of its own.
    fn new(members: Value, secret: String, requests: impl IntoIterator<Item = Sent>) -> Self {
        let mut document = json!({
            "profile": "generic",
            "issuers": issuers(json!([{ "alg": "HS256", "secret": { "env": "SECRET" } }])),
            "policy": { "routes": templates(ROUTES), "roles": everything() },
        });
        for (name, member) in members.as_object().into_iter().flatten() {
            document[name] = member.clone();
        }
        let requests = requests.into_iter().collect();
        Self { document: document.to_string(), secret, requests, remembers: false }
    }
}

fn issuers(keys: Value) -> Value {
    json!([{ "issuer": ISSUER, "audience": AUDIENCE, "keys": keys }])
}

type Made = Result<Case, Box<dyn Error>>;

pub(super) fn routes(count: usize) -> Made {
    let (key, secret) = secret()?;
    let tokens = tokens(REQUESTS, "user", 0, |claims| key.authenticate(claims))?;
    let requests = spread(REQUESTS, count).zip(&tokens).map(|(route, token)| Sent::new(route, token));
    let policy = json!({ "routes": templates(count), "roles": everything() });
    Ok(Case::new(json!({ "policy": policy }), secret, requests))
}

/// Each role may do something about a resource; callers have one after the other.
pub(super) fn roles(count: usize) -> Made {
    let (key, secret) = secret()?;
    let role = |number: usize| {
        let resource = number % ROUTES / 2;
        (format!("role{number}"), json!({ "permissions": [format!("resource{resource}:read")] }))
    };
    let roles: Map<String, Value> = (0..count).map(role).collect();
    let request = |number: usize| {
        let token = tokens(1, &format!("role{number}"), 0, |claims| key.authenticate(claims))?;
        Ok(Sent::new(number % ROUTES, &token[0]))
    };
    let requests = spread(REQUESTS, count).map(request).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let policy = json!({ "routes": templates(ROUTES), "roles": roles });
    Ok(Case::new(json!({ "policy": policy }), secret, requests))
}

/// Public keys of one issuer; tokens are signed by one after the other.
pub(super) fn keys(count: usize) -> Made {
    let pairs: Vec<ES256KeyPair> =
        (0..count).map(|number| ES256KeyPair::generate().with_key_id(&format!("key-{number}"))).collect();
    let key = |(number, pair): (usize, &ES256KeyPair)| -> Result<Value, Box<dyn Error>> {
        Ok(json!({ "alg": "ES256", "kid": format!("key-{number}"), "pem": pair.public_key().to_pem()? }))
    };
    let keys = pairs.iter().enumerate().map(key).collect::<Result<Vec<_>, _>>()?;
    let request = |number: usize| {
        let token = tokens(1, "user", 0, |claims| pairs[number].sign(claims))?;
        Ok(Sent::new(number, &token[0]))
    };
    let requests = spread(REQUESTS, count).map(request).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    Ok(Case::new(json!({ "issuers": issuers(json!(keys)) }), String::new(), requests))
}

pub(super) fn api_keys(count: usize) -> Made {
    let (_, secret) = secret()?;
    let pepper = Pepper::new(secret.as_bytes()).ok_or("no pepper")?;
    let key = |number| assemble("live", &format!("key{number}"), bytes(number)).ok_or("no API key");
    let keys = (0..count).map(key).collect::<Result<Vec<_>, _>>()?;
    let record = |(number, key): (usize, &String)| json!({ "id": format!("key{number}"), "hash": pepper.hash(key), "roles": ["user"] });
    let records: Vec<Value> = keys.iter().enumerate().map(record).collect();
    let requests = spread(REQUESTS, count).map(|number| Sent::new(number % ROUTES, &keys[number]));
    let members = json!({ "api_keys": { "pepper": { "env": "SECRET" }, "records": records } });
    Ok(Case::new(members, secret, requests))
}

/// Tokens of at most so many bytes, with a claim that nobody reads.
pub(super) fn token(bytes: usize) -> Made {
    let (key, secret) = secret()?;
    let shortest = tokens(1, "user", 0, |claims| key.authenticate(claims))?[0].len();
    // Three bytes are four characters.
    let padding = bytes.saturating_sub(shortest) / 4 * 3;
    let tokens = tokens(REQUESTS, "user", padding, |claims| key.authenticate(claims))?;
    let requests = tokens.iter().enumerate().map(|(number, token)| Sent::new(number % ROUTES, token));
    Ok(Case::new(json!({}), secret, requests))
}

/// As many tokens as are remembered.
pub(super) fn memory(entries: usize) -> Made {
    let (key, secret) = secret()?;
    let tokens = tokens(entries, "user", 0, |claims| key.authenticate(claims))?;
    let requests = tokens.iter().enumerate().map(|(number, token)| Sent::new(number % ROUTES, token));
    let case = Case::new(json!({ "memory": { "entries": entries } }), secret, requests);
    Ok(Case { remembers: true, ..case })
}

/// A new secret: as a key, and as it is written.
fn secret() -> Result<(HS256Key, String), Box<dyn Error>> {
    let secret = Base64UrlSafeNoPadding::encode_to_string(HS256Key::generate().to_bytes())?;
    Ok((HS256Key::from_bytes(secret.as_bytes()), secret))
}

/// Two routes for each resource.
fn templates(count: usize) -> Map<String, Value> {
    let route = |number: usize| {
        let (resource, tail) = (number / 2, if number.is_multiple_of(2) { "" } else { "/{id}" });
        (format!("GET /v1/resource{resource}{tail}"), json!(format!("resource{resource}:read")))
    };
    (0..count).map(route).collect()
}

/// One role, which may read everything.
fn everything() -> Value {
    json!({ "user": { "permissions": ["*:read"] } })
}

/// So many of the numbers below `limit`, as far apart as they can be.
fn spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |number| number * limit / count)
}

/// Bytes that are others for each number.
fn bytes(number: usize) -> impl Iterator<Item = u8> {
    let mut state = number as u64;
    core::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(256)
}

/// Tokens of a caller with a role, each of which is another.
fn tokens<E: Into<Box<dyn Error>>>(
    count: usize,
    role: &str,
    padding: usize,
    sign: impl Fn(JWTClaims<Value>) -> Result<String, E>,
) -> Result<Vec<String>, Box<dyn Error>> {
    let token = |number: usize| {
        let mut own = json!({ "role": role, "scope": "openid profile" });
        if padding > 0 {
            own["note"] = json!("x".repeat(padding));
        }
        let claims = Claims::with_custom_claims(own, Duration::from_hours(2))
            .with_issuer(ISSUER)
            .with_audience(AUDIENCE)
            .with_subject("5c1e4d1e-0f77-4c52")
            .with_jwt_id(format!("token-{number:08}"));
        sign(claims).map_err(Into::into)
    };
    (0..count).map(token).collect()
}
