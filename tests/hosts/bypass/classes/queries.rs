//! Parameters that are there twice, by another name, or in another notation.

use crate::source::{Source, percent};
use crate::variant::Variant;

const NAMES: &[&str] = &["tenant", "user_id", "token", "collection_id", "_method", "path", "url", "redirect"];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let bound =
        |route: &crate::systems::Route| route.bindings.iter().any(|(name, _)| name.starts_with("query."));
    let near = source.chance(80);
    let route = source.route_where(|route| !near || bound(route));
    let caller = if source.chance(80) { source.genuine() } else { source.caller() };
    let mut draft = source.draft(route, caller);
    let of_route = route.bindings.iter().find_map(|(name, of)| Some((name.strip_prefix("query.")?, of)));
    let (name, own) = match of_route {
        Some((name, of)) => (name, caller.bound(of)),
        None => (source.pick(NAMES), "t1".to_owned()),
    };
    let other =
        source.pick(&["t2", "bob", "t1", "", "root", "%00", "t1%00", "t1/", "T1", "t1%20", "t1+"]).to_owned();
    // Without what the draft has for the binding, half of the time.
    if source.chance(50) {
        draft.target = draft.path();
    }
    for _ in 0..source.rng.usize(1..3) {
        let own = percent(&own);
        let text = match source.rng.u8(..24) {
            0 => format!("{name}={other}"),
            1 => format!("{name}={own}"),
            2 => format!("{name}={own}&{name}={other}"),
            3 => format!("{name}={other}&{name}={own}"),
            4 => format!("{}={other}", escaped(name)),
            5 => format!("%{:02x}{}={own}", name.as_bytes()[0], &name[1..]),
            6 => name.to_owned(),
            7 => format!("{name}=={own}"),
            8 => format!("{name}%3d{own}"),
            9 => format!("&&{name}={own}&"),
            10 => format!("?{name}={own}"),
            11 => format!("{name}={own}?{name}={other}"),
            12 => format!("{name}={own}#{name}={other}"),
            13 => format!("{name}%00={other}"),
            14 => format!("+{name}={other}"),
            15 => format!("{name}={own}%26{name}%3d{other}"),
            // What other dialects take for the parameter, before or behind the caller's own.
            number => {
                let twin = twin(source, name);
                match number % 4 {
                    0 => format!("{twin}={other}&{name}={own}"),
                    1 => format!("{name}={own}&{twin}={other}"),
                    2 => format!("a=1;{name}={other}&{name}={own}"),
                    _ => format!("{name}={own};{twin}={other}"),
                }
            }
        };
        draft.query(text);
    }
    Variant::of(caller, &draft)
}

/// A name that some server takes for `name`.
fn twin(source: &mut Source<'_>, name: &str) -> String {
    match source.rng.u8(..10) {
        0 => name.to_ascii_uppercase(),
        1 => [&name[..1].to_ascii_uppercase(), &name[1..]].concat(),
        2 => format!("{name}[]"),
        3 => format!("{name}[0]"),
        4 => format!("{name}%5B%5D"),
        5 => format!("[{name}]"),
        6 => format!("+{name}"),
        7 => format!("%20{name}"),
        8 => name.replace('_', "."),
        _ => format!("{name}%00"),
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
