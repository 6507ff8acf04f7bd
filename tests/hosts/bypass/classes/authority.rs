//! Routes that exist for one host only, asked for at another.

use crate::callers::Caller;
use crate::draft::Draft;
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
    match source.rng.u8(..7) {
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
        3 => return absolute(source, caller, draft),
        _ => drop(draft.without("host").header("Host", other)),
    }
    Variant { expected: Expected::Stopped, ..Variant::of(caller, &draft) }
}

/// A target in absolute form, of one host, and a `Host` that names another: only one of them counts, and the route exists
/// for one of them alone.
fn absolute(source: &mut Source<'_>, caller: &Caller, mut draft: Draft) -> Variant {
    let own = draft.first("host").unwrap_or_default().to_vec();
    let other = source.pick(&["gate.example", "other.example.com", "127.0.0.1", "[::1]", "api.example.co"]);
    let of_target = source.chance(50);
    let (target, header) = match of_target {
        true => (own.as_slice(), other.as_bytes()),
        false => (other.as_bytes(), own.as_slice()),
    };
    draft.without("host").header("Host", header);
    draft.target = [b"http://", target, &draft.target].concat();
    let expected = match of_target == source.speaks.target_names_host {
        true => Expected::Judged,
        false => Expected::Stopped,
    };
    Variant { expected, ..Variant::of(caller, &draft) }
}
