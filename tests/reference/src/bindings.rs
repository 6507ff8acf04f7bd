//! "Bindings" of `docs/decisions.md`.

use crate::body::{self, Body};
use crate::parameter::{Found, Rule, percent_decoded, shortened};
use crate::request::{Caller, Request};

/// Whether the rule, which is not on the body, holds for the caller; `in_path` has the parameters of the path.
pub fn holds<'p>(
    rule: &Rule,
    in_path: impl Fn(&str) -> Option<&'p str>,
    request: &Request,
    caller: &Caller,
) -> bool {
    let found = match rule.parameter.split_once('.') {
        Some(("path", name)) => {
            in_path(name).map_or(Found::Nothing, |text| one(percent_decoded(text, false)))
        }
        Some(("query", name)) => in_query(name, request.query()),
        Some(("header", name)) => in_headers(name, &request.headers),
        Some(("cookie", name)) => in_cookies(name, request),
        _ => Found::Unclear,
    };
    fits(rule, found, caller)
}

/// Whether the rule, which is on the body, holds for the caller.
pub fn holds_for(rule: &Rule, body: &Body, caller: &Caller) -> bool {
    fits(rule, body::find(rule, body), caller)
}

fn fits(rule: &Rule, found: Found, caller: &Caller) -> bool {
    let own = caller.values(&rule.equals);
    match found {
        Found::Nothing => rule.optional,
        Found::Unclear => false,
        Found::Values(values) => values.iter().all(|value| own.iter().any(|own| own.as_bytes() == value)),
    }
}

fn one(value: Option<Vec<u8>>) -> Found {
    value.map_or(Found::Unclear, |value| Found::Values(vec![value]))
}

fn in_query(name: &str, query: &str) -> Found {
    let mut found = Vec::new();
    for pair in query.split('&') {
        for (index, piece) in pair.split(';').enumerate() {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            let Some(key) = percent_decoded(key, true).and_then(|key| String::from_utf8(key).ok()) else {
                return Found::Unclear;
            };
            if key.contains('%') {
                return Found::Unclear;
            }
            if shortened(&key) == shortened(name) {
                let is_plain = index == 0 && key == name && !pair.contains(';');
                found.push(is_plain.then_some(value));
            }
        }
    }
    match found.as_slice() {
        [] => Found::Nothing,
        [Some(value)] => one(percent_decoded(value, true)),
        _ => Found::Unclear,
    }
}

fn in_headers(name: &str, headers: &[(String, String)]) -> Found {
    let wanted = name.to_ascii_lowercase();
    let like = |other: &str| other.to_ascii_lowercase().replace('_', "-") == wanted.replace('_', "-");
    let lines: Vec<_> = headers.iter().filter(|(other, _)| like(other)).collect();
    match lines.as_slice() {
        [] => Found::Nothing,
        [(only, value)] if only.to_ascii_lowercase() == wanted => {
            Found::Values(vec![value.trim().as_bytes().to_vec()])
        }
        _ => Found::Unclear,
    }
}

/// Cookies are compared as they are written.
fn in_cookies(name: &str, request: &Request) -> Found {
    let lines = request.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case("cookie"));
    let mut found = Vec::new();
    for (_, line) in lines {
        for pair in line.split(';').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if shortened(key) == shortened(name) {
                let odd = |value: &str| value.contains(['"', ' ', ',', '\\', '+', '%', '\t']);
                let is_plain = key.trim_start() == name && pair.contains('=') && !odd(value);
                found.push(is_plain.then_some(value));
            }
        }
    }
    match found.as_slice() {
        [] => Found::Nothing,
        [Some(value)] => Found::Values(vec![value.as_bytes().to_vec()]),
        _ => Found::Unclear,
    }
}
