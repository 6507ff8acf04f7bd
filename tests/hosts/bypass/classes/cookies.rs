//! Cookies that are there twice, by another name, or in another notation.

use crate::source::Source;
use crate::variant::Variant;

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
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
        let (capitals, first) = (name.to_ascii_uppercase(), name.as_bytes()[0]);
        let text = match source.rng.u8(..20) {
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
        };
        let at = source.rng.usize(..=draft.headers.len());
        let header = source.pick(&["Cookie", "cookie", "COOKIE"]);
        draft.headers.insert(at, (header.to_owned(), text.into_bytes()));
    }
    Variant::of(caller, &draft)
}
