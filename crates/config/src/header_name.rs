//! Names of headers, as a document writes them, and which of them have a meaning that no document changes.

use alloc::string::String;

use portcullis::parts::{AUTHORIZATION, HOP_BY_HOP, fold};

use crate::diagnostics::Diagnostics;

/// A header name in lower case, or an error at `pointer`.
pub(crate) fn header_name(name: &str, pointer: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        diagnostics.error(pointer, "not a header name; write one like \"X-API-Key\"");
        return None;
    }
    Some(name.to_ascii_lowercase())
}

/// Headers that end at this hop without `Connection` naming them, besides those of [`HOP_BY_HOP`]
/// ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
];

/// Headers with a meaning in HTTP that a credential or an identity in them would collide with.
const OF_HTTP: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "date",
    "forwarded",
    "from",
    "origin",
    "range",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-request-id",
];

/// Families of such headers.
const FAMILIES_OF_HTTP: &[&str] = &["access-control-", "content-", "if-", "proxy-", "sec-"];

/// Why the header `name` (lower case) is not the request's own, if it belongs to the way there instead.
pub(crate) fn of_transport(name: &str) -> Option<&'static str> {
    match fold(name).as_ref() {
        "host" => Some("hosts write the origin's own name there"),
        name if HOP_BY_HOP.contains(&name) || OF_THE_CONNECTION.contains(&name) => {
            Some("it is about one connection, and the next has its own")
        }
        _ => None,
    }
}

/// Why nothing of the gate's own can stand in the header `name` (lower case), if nothing can.
pub(crate) fn why_reserved(name: &str) -> Option<&'static str> {
    let folded = fold(name);
    of_transport(name).or_else(|| match folded.as_ref() {
        AUTHORIZATION => Some("it is where bearer tokens stand"),
        "cookie" => {
            Some("a cookie is named by its own name, under \"credentials\": {\"cookies\": [\"name\"]}")
        }
        name if OF_HTTP.contains(&name) || FAMILIES_OF_HTTP.iter().any(|family| name.starts_with(family)) => {
            Some("it has a meaning of its own in HTTP")
        }
        _ => None,
    })
}

/// Why the origin needs the header `name` (lower case) as it comes, if it does.
pub(crate) fn why_needed(name: &str) -> Option<&'static str> {
    let folded = fold(name);
    of_transport(name).or_else(|| match folded.as_ref() {
        "content-length" => Some("it says where the body ends"),
        name if name.starts_with("sec-websocket-") => Some("the handshake of a WebSocket needs it"),
        _ => None,
    })
}
