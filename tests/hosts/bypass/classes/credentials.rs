//! Credentials in other places, in other words, twice, or worth nothing.

use crate::draft::Draft;
use crate::source::{Source, percent};
use crate::variant::Variant;

const SCHEMES: &[&str] = &[
    "Bearer",
    "bearer",
    "BEARER",
    "Bearer ",
    "Bearer\t",
    "Token",
    "Basic",
    "JWT",
    "Digest",
    "Bearer Bearer",
    "Bearer,",
    "Bearer:",
    "",
    "OAuth",
    "ApiKey",
    "Bearer\u{a0}",
    "Bearer =",
];
const WORTHLESS: &[&str] = &[
    "dev-bypass-auth",
    "mock_token_admin",
    "dev-0b9d",
    "null",
    "undefined",
    "true",
    "{}",
    "[]",
    "..",
    "a.b.c",
    "",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290IiwidXNlcl9pZCI6InJvb3QiLCJyb2xlIjoiYWRtaW4iLCJleHAiOjk5OTk5OTk5OTl9.",
    "eyJhbGciOiJOb05FIn0.eyJzdWIiOiJyb290IiwidXVpZCI6InJvb3QiLCJyb2xlIjoiYWRtaW4iLCJleHAiOjk5OTk5OTk5OTl9.AA",
    "ragflow-0000000000000000000000000000000000000000000",
    "pk_1.sk_1",
    "key_1",
    "pc_test_robot_x_y",
    "admin",
];
const PLACES: &[&str] = &[
    "X-API-Key",
    "X-Api-Token",
    "Proxy-Authorization",
    "X-Authorization",
    "Authentication",
    "X-Access-Token",
    "Api-Key",
    "X_API_KEY",
    "authorization",
    "AUTHORIZATION",
    "Authorization_",
    "X-Forwarded-Authorization",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let route = source.route();
    let caller = source.caller();
    let mut draft = source.draft(route, caller);
    // Of somebody who knows two credentials: each alone is fine, both are not.
    let other = source.genuine();
    let token = other.text().to_owned();
    let mut subjects = vec![caller.subject.clone(), other.subject.clone()];
    match source.rng.u8(..10) {
        0 | 1 => {
            draft.without("authorization").without("x-api-key");
            let scheme = source.pick(SCHEMES);
            let gap = source.pick(&[" ", "  ", "\t", ""]);
            let end = source.pick(&["", " ", ",", ", Bearer x", ";", "=", ".", "\0", " realm=x"]);
            draft.header("Authorization", format!("{scheme}{gap}{token}{end}"));
        }
        2 => {
            draft.without("authorization").without("x-api-key");
            let text = source.pick(WORTHLESS);
            let place = source.pick(&["Authorization", "X-API-Key"]);
            draft.header(
                place,
                if place == "Authorization" { format!("Bearer {text}") } else { text.to_owned() },
            );
        }
        3 | 4 => {
            let name = source.pick(PLACES);
            let value = if source.chance(50) { format!("Bearer {token}") } else { token };
            let at = source.rng.usize(..=draft.headers.len());
            draft.headers.insert(at, (name.to_owned(), value.into_bytes()));
        }
        5 => {
            let name = source.pick(&["token", "access_token", "api_key", "Token", "t%6fken", "auth"]);
            draft.query(format!("{name}={}", percent(&token)));
        }
        6 | 7 => {
            draft.without("authorization").without("x-api-key");
            let changed = forged(source, &token);
            let value = [b"Bearer ".to_vec(), changed].concat();
            draft.header("Authorization", value);
            subjects.retain(|subject| *subject == other.subject);
        }
        8 => {
            for _ in 0..source.rng.usize(2..4) {
                let value = format!("Bearer {}", source.caller().text());
                draft.header("Authorization", value);
            }
            subjects = source.system.callers.iter().map(|caller| caller.subject.clone()).collect();
        }
        _ => split(source, &mut draft, &token),
    }
    Variant { subjects, ..Variant::of(caller, &draft) }
}

/// A token that somebody has been at.
fn forged(source: &mut Source<'_>, token: &str) -> Vec<u8> {
    let mut bytes = token.as_bytes().to_vec();
    let at = source.rng.usize(..bytes.len().max(1));
    match source.rng.u8(..8) {
        0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1),
        1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = b'='),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, b'.'),
        4 => bytes.extend(b"=="),
        5 => bytes.insert(at, source.pick(b"\x80 \t%,\x01")),
        6 => {
            let end = token.rfind('.').map_or(token.len(), |dot| dot + 1);
            bytes.truncate(end);
        }
        _ => {
            let other = source.genuine().text().to_owned();
            let (mine, theirs): (Vec<_>, Vec<_>) = (token.split('.').collect(), other.split('.').collect());
            if let ([head, _, signature], [_, claims, _]) = (mine.as_slice(), theirs.as_slice())
                && token != other
            {
                bytes = format!("{head}.{claims}.{signature}").into_bytes();
            }
        }
    }
    bytes
}

/// Halves of a credential, or it and another one, in one header.
fn split(source: &mut Source<'_>, draft: &mut Draft, token: &str) {
    draft.without("authorization").without("x-api-key");
    let stranger = source.caller().text().to_owned();
    let value = match source.rng.u8(..4) {
        0 => format!("Bearer {token}, Bearer {stranger}"),
        1 => format!("Bearer {stranger} {token}"),
        2 => format!("Bearer {token}\r\n {stranger}"),
        _ => format!("Bearer {token}\r\nAuthorization: Bearer {stranger}"),
    };
    draft.header("Authorization", value);
}
