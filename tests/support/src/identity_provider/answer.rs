//! What the identity provider answers when nothing is wrong.

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderMap};
use portcullis::base64url;
use serde_json::{Value, json};

use super::state::{CLIENT, INTROSPECT, KEYS, ME, METADATA, OBJECTS, Person, State, VERIFY};
use crate::origin::tokens::now_secs;

/// Status and body.
pub(super) type Answer = (StatusCode, Value);

/// The answer to a request.
pub(super) fn answer(
    state: &State,
    issuer: &str,
    (method, path): (&str, &str),
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    match (method, path) {
        ("GET", METADATA) => (StatusCode::OK, metadata(issuer)),
        ("GET", KEYS) => (StatusCode::OK, state.keys.set()),
        ("POST", INTROSPECT) => introspect(state, issuer, headers, body),
        ("POST", VERIFY) => verify(state, body),
        ("GET", ME) => me(state, headers),
        (_, METADATA | KEYS | INTROSPECT | VERIFY | ME) => (StatusCode::METHOD_NOT_ALLOWED, json!({})),
        ("GET", object) if is_object(object) => read(state, object, headers),
        ("GET", stored) if state.documents.contains_key(stored) => {
            (StatusCode::OK, state.documents[stored].clone())
        }
        _ => (StatusCode::OK, json!({"path": path, "authorization": authorization(headers)})),
    }
}

fn is_object(path: &str) -> bool {
    path.strip_prefix(OBJECTS).is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// An object that is somebody else's looks like one that does not exist.
fn read(state: &State, path: &str, headers: &HeaderMap) -> Answer {
    let may = bearer(headers)
        .is_some_and(|credential| state.owners.get(path).is_some_and(|owners| owners.contains(credential)));
    match may {
        true => (StatusCode::OK, json!({"results": {"path": path}})),
        false => (StatusCode::NOT_FOUND, json!({"message": "Not found"})),
    }
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{KEYS}"),
        "introspection_endpoint": format!("{issuer}{INTROSPECT}"),
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    })
}

fn introspect(state: &State, issuer: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
    if !is_client(headers) {
        return (StatusCode::UNAUTHORIZED, json!({"error": "invalid_client"}));
    }
    let form = String::from_utf8_lossy(body);
    let token = form.split('&').find_map(|pair| pair.strip_prefix("token=")).map(decoded);
    match token.and_then(|token| state.people.get(&token)).filter(|person| is_good(person)) {
        // RFC 7662 section 2.2: what is not active is not explained.
        None => (StatusCode::OK, json!({"active": false})),
        Some(person) => {
            let Person { id, role, scope, expires_at, .. } = person;
            (
                StatusCode::OK,
                json!({"active": true, "iss": issuer, "sub": id, "role": role, "scope": scope, "exp": expires_at}),
            )
        }
    }
}

fn verify(state: &State, body: &[u8]) -> Answer {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let person = asked["token"].as_str().and_then(|token| state.people.get(token));
    match person.filter(|person| is_good(person)) {
        None => (StatusCode::UNAUTHORIZED, json!({"detail": "Invalid token"})),
        Some(person) => (StatusCode::OK, json!({"user_id": person.id, "role": person.role})),
    }
}

fn me(state: &State, headers: &HeaderMap) -> Answer {
    let person = bearer(headers).and_then(|credential| state.people.get(credential));
    match person.filter(|person| now_secs() < person.expires_at) {
        None => (StatusCode::UNAUTHORIZED, json!({"message": "Invalid token"})),
        Some(Person { id, is_superuser, is_active, .. }) => {
            let email = format!("{id}@example.com");
            let results =
                json!({"id": id, "email": email, "is_superuser": is_superuser, "is_active": is_active});
            (StatusCode::OK, json!({"results": results}))
        }
    }
}

fn is_good(person: &Person) -> bool {
    person.is_active && now_secs() < person.expires_at
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    authorization(headers)?.strip_prefix("Bearer ")
}

pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()
}

/// Whether the caller is [`CLIENT`]: each half encoded as in a form, and both in base64 (RFC 6749 section 2.3.1).
fn is_client(headers: &HeaderMap) -> bool {
    let given = authorization(headers).and_then(|value| value.strip_prefix("Basic "));
    // The two alphabets differ in two characters.
    let url_safe = given.map(|text| text.trim_end_matches('=').replace('+', "-").replace('/', "_"));
    let bytes = url_safe.and_then(|text| base64url::decode(&text).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.split_once(':').is_some_and(|(id, secret)| decoded(id) == CLIENT.0 && decoded(secret) == CLIENT.1)
}

/// A name or a value of a form (WHATWG URL standard, application/x-www-form-urlencoded).
fn decoded(part: &str) -> String {
    let part = part.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = part.as_str();
    while let Some(first) = rest.chars().next() {
        let escaped = rest.get(..3).and_then(|escape| u8::from_str_radix(escape.strip_prefix('%')?, 16).ok());
        let length = if let Some(byte) = escaped {
            bytes.push(byte);
            3
        } else {
            bytes.extend(rest[..first.len_utf8()].bytes());
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
