//! Other methods, methods in disguise, and preflights that are none.

use crate::source::Source;
use crate::variant::Variant;

const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "SEARCH",
    "QUERY",
    "PURGE",
    "DEBUG",
    "TRACK",
    "MOVE",
    "get",
    "Get",
    "post",
    "dELETE",
    "options",
    "GETS",
    "G",
    "WEBSOCKET",
    "PRI",
    "GET%20",
    "X-GET",
    "!",
    "GET,POST",
];
const OVERRIDES: &[&str] = &[
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X_HTTP_METHOD_OVERRIDE",
    "x-http-method-override",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let (_, caller, mut draft) = source.any();
    match source.rng.u8(..10) {
        0..=2 => draft.method = source.pick(METHODS).to_owned(),
        3 => {
            let wanted = source.pick(METHODS);
            let name = source.pick(OVERRIDES);
            draft.header(name, wanted);
        }
        4 => {
            let wanted = source.pick(METHODS);
            let name = source.pick(&["_method", "method", "_METHOD", "X-HTTP-Method-Override"]);
            draft.query(format!("{name}={wanted}"));
        }
        // Listed OPTIONS routes are seldom; they are what a preflight must not open.
        5..=7 => {
            let route = source.route_where(|route| route.method == "OPTIONS");
            if source.chance(60) {
                let caller = source.caller();
                draft = source.draft(route, caller);
                preflight(source, &mut draft);
                return Variant::of(caller, &draft);
            }
            draft.method = "OPTIONS".to_owned();
            preflight(source, &mut draft);
        }
        8 => {
            draft.method = "HEAD".to_owned();
        }
        _ => {
            let other = source.route();
            draft.method = if other.method == "WEBSOCKET" { "GET".to_owned() } else { other.method.clone() };
        }
    }
    Variant::of(caller, &draft)
}

/// What a browser asks before it sends a request of another origin, or something like it.
fn preflight(source: &mut Source<'_>, draft: &mut crate::draft::Draft) {
    let origin = source.pick(&["https://app.example", "null", "https://evil.example", "", "*"]);
    draft.header("Origin", origin);
    if source.chance(85) {
        // The listed route's own method is the one that may pass.
        let wanted = if source.chance(30) { "OPTIONS" } else { source.pick(METHODS) };
        draft.header("Access-Control-Request-Method", wanted);
    }
    if source.chance(40) {
        draft.header("Access-Control-Request-Headers", "authorization, x-auth-subject");
    }
    if source.chance(30) {
        draft.json("{\"admin\": true}");
    }
}
