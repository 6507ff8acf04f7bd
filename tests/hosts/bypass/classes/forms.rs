//! Forms that one reader takes for the caller's and the next for somebody else's.

use crate::draft::Framing;
use crate::source::{Source, percent};
use crate::variant::Variant;

const URLENCODED: &str = "application/x-www-form-urlencoded";

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let route = source.route_where(|route| route.bindings.iter().any(|(name, _)| name.starts_with("form.")));
    let caller = if source.chance(80) { source.genuine() } else { source.caller() };
    let mut draft = source.draft(route, caller);
    let bound = route.bindings.iter().find_map(|(name, of)| Some((name.strip_prefix("form.")?, of)));
    let (name, own) = bound.map_or(("tenant", "t1".to_owned()), |(name, of)| (name, caller.bound(of)));
    let other = if own == "t2" { "t1" } else { "t2" };
    if source.chance(40) {
        draft.body(URLENCODED, urlencoded(source, name, &own, other));
    } else {
        let kind = source.pick(&[
            "multipart/form-data; boundary=x",
            "multipart/form-data; boundary=x",
            "multipart/form-data; boundary=x",
            "multipart/form-data; boundary=\"x\"",
            "multipart/form-data; boundary=x; boundary=y",
            "multipart/form-data; boundary=y; boundary=x",
            "multipart/form-data; boundary=x; charset=utf-16",
            "multipart/form-data; BOUNDARY=x",
            "multipart/form-data; boundary*=utf-8''x",
            "multipart/form-data;boundary=x,y",
            "multipart/form-data",
            "multipart/mixed; boundary=x",
            "multipart/form-data; boundary= x",
        ]);
        draft.body(kind, multipart(source, name, &own, other));
    }
    if source.chance(10) {
        let second = source.pick(&[URLENCODED, "multipart/form-data; boundary=y", "application/json"]);
        let at = source.rng.usize(..=draft.headers.len());
        draft.headers.insert(at, ("Content-Type".to_owned(), second.into()));
    }
    if source.chance(15) {
        draft.framing = Framing::Chunked(1 + source.rng.usize(..draft.body.len().max(1)));
    }
    Variant::of(caller, &draft)
}

fn urlencoded(source: &mut Source<'_>, name: &str, own: &str, other: &str) -> String {
    let own = percent(own);
    let (capitals, first) = (name.to_ascii_uppercase(), name.as_bytes()[0]);
    match source.rng.u8(..16) {
        0 => format!("{name}={own}"),
        1 => format!("{name}={other}"),
        2 => format!("{name}={own}&{name}={other}"),
        3 => format!("{name}={other}&{name}={own}"),
        4 => format!("{name}={own};{name}={other}"),
        5 => format!("%{first:02x}{}={other}&{name}={own}", &name[1..]),
        6 => format!("{name}[]={other}&{name}={own}"),
        7 => format!("{capitals}={other}&{name}={own}"),
        8 => format!("+{name}={other}&{name}={own}"),
        9 => format!("{name}%00={other}&{name}={own}"),
        10 => format!("{name}={own}%26{name}%3D{other}"),
        11 => format!("{name}={own}\r\n&{name}={other}"),
        12 => format!("{name}={own}&a={}", "b".repeat(source.rng.usize(..70_000))),
        13 => format!("\u{feff}{name}={own}&{name}={other}"),
        14 => format!("{{\"{name}\": \"{other}\"}}&{name}={own}"),
        _ => format!("{name}&{name}={own}"),
    }
}

/// Parts in the boundary `x`.
fn multipart(source: &mut Source<'_>, name: &str, own: &str, other: &str) -> Vec<u8> {
    let line = source.pick(&["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"]);
    let part = |disposition: &str, value: &str| {
        format!("--x{line}Content-Disposition: {disposition}{line}{line}{value}{line}")
    };
    let mine = part(&format!("form-data; name=\"{name}\""), own);
    let end = format!("--x--{line}");
    let capitals = name.to_ascii_uppercase();
    let twin = match source.rng.u8(..22) {
        0 => format!("form-data; name=\"{name}\""),
        1 => format!("form-data; name={name}"),
        2 => format!("form-data; name='{name}'"),
        3 => format!("form-data; name=\"{capitals}\""),
        4 => format!("form-data; name*=utf-8''{name}"),
        5 => format!("form-data; name=\"a\"; name=\"{name}\""),
        6 => format!("form-data; name=\"{name}\"; name=\"a\""),
        7 => format!("form-data; name=\"a\"; name*=utf-8''{name}"),
        8 => format!("form-data; name=\"{name}\"; filename=\"f\""),
        9 => format!("form-data; name=\"{name}\"; filename*=utf-8''f"),
        10 => format!("form-data; name=\"a\\\"; name=\"{name}\""),
        11 => format!("form-data; name=\"{name}[]\""),
        12 => format!("form-data; name=\"a\"; x=\"; name={name}; \""),
        13 => format!("attachment; name=\"{name}\""),
        14 => format!("form-data;{line} name=\"{name}\""),
        15 => format!("form-data; name=\"%{:02x}{}\"", name.as_bytes()[0], &name[1..]),
        16 => format!("form-data; name=\"=?utf-8?q?{name}?=\""),
        17 => format!("form-data; name=\"a\"{line}Content-Disposition: form-data; name=\"{name}\""),
        18 => format!("form-data; name=\"{name}\"{line}Content-Transfer-Encoding: base64"),
        19 => format!("form-data; name=\"{name}\"{line}Content-Type: multipart/mixed; boundary=z"),
        20 => format!("form-data; NAME=\"{name}\""),
        _ => format!("form-data; name=\"\\{name}\""),
    };
    let theirs = part(&twin, other);
    match source.rng.u8(..10) {
        0 => mine + &end,
        1 => mine + &theirs,
        2 => theirs + &end,
        3 | 4 => theirs + &mine + &end,
        5 => format!("preamble{line}") + &mine + &theirs + &end,
        6 => mine + &end + &theirs + &end,
        7 => mine + "--x --" + line + &theirs + &end,
        _ => mine + &theirs + &end,
    }
    .into_bytes()
}
