//! The target `configuration`: any bytes as a configuration document.
//!
//! Input: the document. The host has the secrets of the case files, and some that must be refused.

use std::fmt::Write as _;

use portcullis::api_key::RecordLookup;
use portcullis::{Decision, Gate, HeaderPair, RequestHead, UnixTime};
use portcullis_config::{ConfigErrors, Loaded, RecordStore, Secrets, load};
use serde_json::Value;

use crate::json::{Survey, survey};
use crate::setting::{secret, secrets};

/// Secrets that no configuration may use, by name; the dictionary has the names.
const REFUSED: &[(&str, &str)] = &[
    ("EMPTY", ""),
    ("SHORT", "only-30-bytes-long-2b1c9d5f3f"),
    ("SPACED", " 2b1c9d5f3f0e4c7a8f6d5e4c3b2a1908"),
    ("PUBLISHED", "replace-with-long-random-secret"),
    ("HEX", "2b1c9d5f3f0e4c7a8f6d5e4c3b2a19080706050403020100aabbccddeeff0011"),
    ("BASE64URL", "KxydXz8OTHqPbV5MOyoZCAcGBQQDAgEAqrvM3e7_ABE"),
];

/// Routes of the profiles, as requests without a credential.
const ANONYMOUS: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/v1/threads"),
    ("POST", "/v1/graph/invoke"),
    ("DELETE", "/v1/store/memories/1"),
    ("GET", "/docs"),
    ("GET", "/doc/1"),
];

struct Host;

impl Secrets for Host {
    fn get(&self, name: &str) -> Option<String> {
        let refused = REFUSED.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        refused.or_else(|| secret(name)).map(str::to_owned)
    }

    fn hint(&self, name: &str) -> String {
        format!("set {name}")
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

/// Checks one input.
///
/// # Panics
///
/// If a property does not hold.
pub fn check(document: &[u8]) {
    let (value, survey) = survey(document);
    let outcome = load(document, &Host).map(|Loaded { gate, .. }| gate);
    match (&outcome, &value) {
        (Ok(gate), Some(value)) => {
            assert!(!survey.duplicates, "loaded, although a member occurs twice");
            assert!(value.is_object(), "loaded, although it is no object");
            loaded(gate, value);
        }
        (Ok(_), None) => panic!("loaded, although it is no JSON"),
        (Err(errors), value) => refused(errors, value.as_ref(), &survey),
    }
    if let Some(value) = value.filter(|_| !survey.duplicates) {
        // What stands between the tokens of JSON, and how strings are escaped, makes no difference.
        let again = load(value.to_string().as_bytes(), &Host).map(|Loaded { gate, .. }| gate);
        let texts = [&outcome, &again]
            .map(|outcome| outcome.as_ref().err().map(|errors| without_places(&errors.to_string())));
        assert_eq!(texts[0], texts[1], "another outcome for the same document");
    }
}

/// The text of errors without the lines and columns of what is no usable JSON, which depend on what stands between tokens.
fn without_places(errors: &str) -> String {
    let mut parts = errors.split(" at line ");
    let first = parts.next().unwrap_or_default();
    let rests = parts.map(|part| part.find(';').and_then(|end| part.get(end..)).unwrap_or_default());
    core::iter::once(first).chain(rests).collect()
}

/// A gate lets nobody in without a credential unless its document says so, and shows no secret.
fn loaded(gate: &Gate, document: &Value) {
    // What the document says itself may be shown.
    assert_discreet(&format!("{gate:?}"), &[document.to_string()]);
    let opens = contains(document, "public");
    for (method, target) in ANONYMOUS {
        for value in [None, Some("Bearer e30.e30.AA"), Some("pc_live_a_b_c")] {
            let pair = value.map(|value| HeaderPair::new("authorization", value));
            let head = RequestHead::new(*method, *target, pair.as_slice());
            let now = UnixTime::from_secs(1_795_305_600);
            let step = gate.begin(&head, now).with_records(|_| (RecordLookup::NotFound, now));
            let verdict = step.unwrap_or_else(|need| panic!("a second need of nobody: {need:?}"));
            match &verdict.decision {
                Decision::Allow(_) if verdict.diagnostics.reported => {
                    assert_eq!(document["mode"], "report", "{method} {target} is allowed and only reported");
                }
                Decision::Allow(_) => assert!(opens, "{method} {target} is open, and nothing is public"),
                Decision::Answer(_) => {
                    assert_eq!(document["cors"]["preflight"], "answer", "{method} {target} is answered");
                }
                Decision::Deny(_) => {
                    assert!(verdict.diagnostics.reason.is_some(), "refused without a reason")
                }
            }
            assert!(verdict.diagnostics.principal.is_none(), "somebody came in with a forged credential");
        }
    }
}

/// Errors are there, name places of the document or members to add to it, and show no secret.
fn refused(errors: &ConfigErrors, document: Option<&Value>, survey: &Survey) {
    let mut all = String::new();
    for error in errors.iter() {
        assert!(!error.message.is_empty(), "an error that says nothing at {:?}", error.pointer);
        assert!(is_place(&error.pointer, document), "{:?} is no place: {}", error.pointer, error.message);
        writeln!(all, "{error} {error:?}").expect("a string takes any text");
    }
    assert!(!all.is_empty(), "refused without an error");
    let mut names = survey.names.clone();
    document.into_iter().for_each(|document| given_names(document, &mut names));
    assert_discreet(&all, &names);
}

/// Whether `pointer` leads to a value, or to where one is missing: then what is missing is a member, or a member of it,
/// and called as members of a configuration are.
fn is_place(pointer: &str, document: Option<&Value>) -> bool {
    let Some(mut value) = document else { return pointer.is_empty() };
    if document.and_then(|document| document.pointer(pointer)).is_some() {
        return true;
    }
    let Some(tokens) = pointer.strip_prefix('/') else { return false };
    let mut tokens = tokens.split('/').peekable();
    while let Some(token) = tokens.peek() {
        let Some(next) = value.pointer(&format!("/{token}")) else { break };
        value = next;
        tokens.next();
    }
    let is_member = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    (value.is_object() || value.is_null()) && tokens.all(is_member)
}

/// Adds the names that a document gives to roles and to secrets, or calls them by, and the origins that it lists.
fn given_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| given_names(element, names)),
        Value::Object(members) => {
            for (member, value) in members {
                match (member.as_str(), value) {
                    ("env" | "default_role", Value::String(name)) => names.push(name.clone()),
                    ("inherits" | "roles" | "allowed_origins", Value::Array(list)) => {
                        names.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => given_names(value, names),
                }
            }
        }
        _ => {}
    }
}

/// Panics if `text` shows the value of a secret. `names` may be shown, whatever somebody calls a member, a
/// role, a secret or an origin.
fn assert_discreet(text: &str, names: &[String]) {
    let values = secrets().chain(REFUSED.iter().map(|(_, value)| *value)).filter(|value| !value.is_empty());
    for value in values {
        let named = names.iter().any(|name| name.contains(value.trim()));
        assert!(named || !text.contains(value.trim()), "a secret in {text:?}");
    }
}

fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(elements) => elements.iter().any(|element| contains(element, text)),
        Value::Object(members) => members.values().any(|member| contains(member, text)),
        _ => false,
    }
}
