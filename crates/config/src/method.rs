//! The methods a route may name.
//!
//! A method that nobody sends would make a route without effect, in silence: `"GETT /admin": "refused"` refuses nothing.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use portcullis::parts::WEBSOCKET;

use crate::suggest::closest;

/// The methods of the
/// [IANA registry](https://www.iana.org/assignments/http-methods/http-methods.xhtml), and `PURGE`, which caches know;
/// without `CONNECT` and `PRI`, which no request with a path has.
pub(crate) const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "QUERY",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// Those that a slip is likely to have come from.
const COMMON: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", WEBSOCKET];

/// Whether a route on `path` may have this method.
///
/// # Errors
///
/// What to write instead.
pub(crate) fn check(method: &str, path: &str) -> Result<(), String> {
    let known = || METHODS.iter().copied().chain([WEBSOCKET]);
    if known().any(|known| known == method) {
        return Ok(());
    }
    let capitals = method.to_ascii_uppercase();
    Err(match capitals.as_str() {
        "*" | "ANY" | "ALL" => {
            format!("no method stands for all; write a route for each: \"GET {path}\", \"POST {path}\", …")
        }
        "WS" | "WSS" | "SOCKET" | "UPGRADE" | "CONNECT" => {
            format!("not a method of requests with a path; an upgrade is \"{WEBSOCKET} {path}\"")
        }
        _ if method.contains([',', '|', '/', '+']) => {
            "a route has one method; write a route for each".to_owned()
        }
        _ => match known().find(|known| *known == capitals).or_else(|| closest(&capitals, COMMON)) {
            Some(close) => format!("not a method; did you mean \"{close} {path}\"?"),
            None => {
                format!("not a registered method; write one like GET or POST, or {WEBSOCKET} for an upgrade")
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{METHODS, check};

    #[test]
    fn methods_that_nobody_sends() {
        for method in METHODS.iter().chain(&["WEBSOCKET"]) {
            assert_eq!(check(method, "/a"), Ok(()), "{method}");
        }
        for (method, said) in [
            ("get", "did you mean \"GET /a\"?"),
            ("Post", "did you mean \"POST /a\"?"),
            ("GETT", "did you mean \"GET /a\"?"),
            ("DELET", "did you mean \"DELETE /a\"?"),
            ("websocket", "did you mean \"WEBSOCKET /a\"?"),
            ("WS", "an upgrade is \"WEBSOCKET /a\""),
            ("wss", "an upgrade is \"WEBSOCKET /a\""),
            ("CONNECT", "an upgrade is \"WEBSOCKET /a\""),
            ("ANY", "a route for each: \"GET /a\""),
            ("all", "a route for each: \"GET /a\""),
            ("*", "a route for each: \"GET /a\""),
            ("GET,POST", "one method"),
            ("GET|POST", "one method"),
            ("FOOBAR", "not a registered method"),
            ("", "not a registered method"),
            ("PRI", "not a registered method"),
        ] {
            let message = check(method, "/a").unwrap_err();
            assert!(message.contains(said), "{method}: {message}");
        }
    }
}
