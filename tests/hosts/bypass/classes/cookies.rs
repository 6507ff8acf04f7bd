//! Cookies that are there twice, by another name, or in another notation.

use crate::callers::{Caller, Credential};
use crate::source::Source;
use crate::systems::Route;
use crate::variant::{Expected, Variant};

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    if let Some(name) = source.system.cookie()
        && source.chance(50)
    {
        return if source.chance(40) { cross_site(source) } else { credential(source, name) };
    }
    // Where none is bound, the one that RAGFlow believes.
    let route =
        source.route_where(|route| route.bindings.iter().any(|(name, _)| name.starts_with("cookie.")));
    let caller = if source.chance(80) { source.genuine() } else { source.caller() };
    let mut draft = source.draft(route, caller);
    let bound = route.bindings.iter().find_map(|(name, of)| Some((name.strip_prefix("cookie.")?, of)));
    let (name, own) = bound.map_or(("session", "t1".to_owned()), |(name, of)| (name, caller.bound(of)));
    let other =
        source.pick(&["t2", "bob", "t1", "", "T1", "%741", "\"t1\"", "\"\\164\\062\"", "t1 ", "t1,t2"]);
    if source.chance(50) {
        draft.without("cookie");
    }
    for _ in 0..source.rng.usize(1..3) {
        let text = written(source, name, &own, other);
        let at = source.rng.usize(..=draft.headers.len());
        let header = source.pick(&["Cookie", "cookie", "COOKIE"]);
        draft.headers.insert(at, (header.to_owned(), text.into_bytes()));
    }
    Variant::of(caller, &draft)
}

/// A line of cookies with the caller's own value under the name, or another, or both.
fn written(source: &mut Source<'_>, name: &str, own: &str, other: &str) -> String {
    let (capitals, first) = (name.to_ascii_uppercase(), name.as_bytes()[0]);
    match source.rng.u8(..20) {
        0 => format!("{name}={other}"),
        1 => format!("{name}={own}"),
        2 => format!("{name}={own}; {name}={other}"),
        3 => format!("{name}={other};{name}={own}"),
        4 => format!("{capitals}={other}; {name}={own}"),
        5 => format!("%{first:02X}{}={other}", &name[1..]),
        6 => format!("{name} ={other}; {name}={own}"),
        7 => format!("{name}= {other}; {name}={own}"),
        8 => format!("{name}={own},{name}={other}"),
        9 => format!("a=\"b; {name}={other}; c=\"; {name}={own}"),
        10 => format!("a=\"; {name}={own}; c=\"; {name}={other}"),
        11 => format!("{name}[]={other}; {name}={own}"),
        12 => format!("$Version=1; {name}={own}; $Path=/; {name}={other}"),
        13 => format!("{name}=\"{own}; {name}={other}\""),
        14 => format!("{name}={own}\t; {name}={other}"),
        15 => name.to_owned(),
        16 => format!("={name}={other}; {name}={own}"),
        17 => format!("{name}=={own}"),
        18 => format!("__Host-{name}={other}; {name}={own}"),
        _ => format!("{name}={own}\u{a0}; \u{a0}{name}={other}"),
    }
}

/// A credential in a cookie, beside another caller's, or in another notation.
fn credential(source: &mut Source<'_>, name: &str) -> Variant {
    let (_, caller, mut draft) = source.any();
    let other = source.caller();
    let holder = source.genuine();
    for _ in 0..source.rng.usize(1..3) {
        let text = written(source, name, holder.text(), other.text());
        let at = source.rng.usize(..=draft.headers.len());
        draft.headers.insert(at, ("Cookie".to_owned(), text.into_bytes()));
    }
    let subjects = [caller, holder, other].map(|caller| caller.subject.clone()).to_vec();
    Variant { subjects, ..Variant::of(caller, &draft) }
}

/// What another site makes a browser send along with the cookie: nothing that changes anything goes on.
fn cross_site(source: &mut Source<'_>) -> Variant {
    let changes = |route: &Route| {
        !matches!(route.method.as_str(), "GET" | "HEAD" | "OPTIONS")
            && !["public", "refused"].contains(&route.access.as_str())
    };
    let websockets = source.speaks.websockets;
    let route = source.route_where(|route| changes(route) && (websockets || route.method != "WEBSOCKET"));
    let in_browser = |caller: &&Caller| matches!(caller.credential, Credential::Cookie(..));
    let caller = source.system.callers.iter().find(in_browser).unwrap_or(&source.system.callers[0]);
    let mut draft = source.draft(route, caller);
    draft.without("sec-fetch-site");
    if source.chance(50) {
        let site = source.pick(&["cross-site", "same-site", "", "Same-Origin", "same-origin, none", "null"]);
        draft.header("Sec-Fetch-Site", site);
    }
    if source.chance(70) {
        let origin = source.pick(&[
            "https://evil.example",
            "null",
            "",
            "https://gate.example.evil.example",
            "https://evil.example/gate.example",
            "https://gate.example@evil.example",
            "https://gate.example:444",
            "https://sub.gate.example",
        ]);
        draft.header("Origin", origin);
    }
    Variant { expected: Expected::Stopped, ..Variant::of(caller, &draft) }
}
