//! Routes that exist for one host only, asked for at another.

use crate::source::Source;
use crate::variant::{Expected, Variant};

/// Names that are not the host of the route, however much they look like it.
const OTHERS: &[&str] = &[
    "gate.example",
    "other.example.com",
    "api.example.com.evil.example",
    "evil-api.example.com",
    "api.example.com.",
    "api.example.com:8443@evil.example",
    "evil.example:80,api.example.com",
    "api.example.com/",
    "api.example.com evil.example",
    "api%2eexample.com",
    "127.0.0.1",
    "[::1]",
    "",
    ".api.example.com",
    "api.example.com\\evil.example",
    "user@api.example.com",
    "api.example.co",
    "xn--api.example.com",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let limited = source.system.routes.iter().any(|route| route.host.is_some());
    if !limited {
        let (_, caller, mut draft) = source.any();
        let other = source.pick(OTHERS);
        draft.without("host").header("Host", other);
        return Variant::of(caller, &draft);
    }
    let route = source.route_where(|route| route.host.is_some());
    let caller = source.genuine();
    let mut draft = source.draft(route, caller);
    let other = source.pick(OTHERS);
    match source.rng.u8(..6) {
        // What proxies say about the host does not count.
        0 => {
            let name = source.pick(&[
                "X-Forwarded-Host",
                "Forwarded",
                "X-Host",
                "X-Forwarded-Server",
                "X-Original-Host",
            ]);
            let value = if name == "Forwarded" { "host=api.example.com" } else { "api.example.com" };
            draft.without("host").header("Host", other).header(name, value);
        }
        1 => drop(draft.without("host")),
        2 => {
            // Twice: the request is not valid, and which one counts is the host's affair.
            draft.headers.insert(0, ("Host".to_owned(), other.as_bytes().to_vec()));
            return Variant::of(caller, &draft);
        }
        _ => drop(draft.without("host").header("Host", other)),
    }
    Variant { expected: Expected::Stopped, ..Variant::of(caller, &draft) }
}
