//! Bodies that one reader takes for the caller's and the next for somebody else's.

use serde_json::{Value, json};

use crate::draft::{Draft, Framing};
use crate::source::{Source, put};
use crate::variant::Variant;

const TYPES: &[&str] = &[
    "application/json",
    "application/json; charset=utf-8",
    "application/json; charset=utf-16",
    "application/json;charset=UTF-7",
    "text/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "APPLICATION/JSON",
    "application/vnd.api+json",
    "application/json, text/plain",
    "application/problem+json",
    "",
    "application/jsonp",
    "*/*",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let route = source.route_where(|route| {
        route.bindings.iter().any(|(name, _)| name.starts_with("body."))
            || matches!(route.method.as_str(), "POST" | "PUT")
    });
    let bound = source.route_where(|route| route.bindings.iter().any(|(name, _)| name.starts_with("body.")));
    let route = if source.chance(80) { bound } else { route };
    let caller = if source.chance(80) { source.genuine() } else { source.caller() };
    let mut draft = source.draft(route, caller);
    let pointers = route.bindings.iter().filter_map(|(name, of)| Some((name.strip_prefix("body.")?, of)));
    let (pointer, own) = pointers
        .map(|(pointer, of)| (pointer, caller.bound(of)))
        .next()
        .unwrap_or(("/tenant", "t1".to_owned()));
    let other = if own == "t2" || own == "c2" { own.replace('2', "1") } else { own.replace('1', "2") };
    draft.json(written(source, pointer, &own, &other));
    if source.chance(35) {
        draft.without("content-type");
        for _ in 0..source.rng.usize(0..3) {
            let kind = source.pick(TYPES);
            draft.header("Content-Type", kind);
        }
    }
    if source.chance(15) {
        let coding = source.pick(&["gzip", "identity", "deflate", "br", "", "utf-8", "gzip, gzip"]);
        draft.header("Content-Encoding", coding);
    }
    framed(source, &mut draft);
    Variant::of(caller, &draft)
}

/// A body in which the member is the caller's, or another's, or both.
fn written(source: &mut Source<'_>, pointer: &str, own: &str, other: &str) -> Vec<u8> {
    let with = |value: Value| {
        let mut document = json!({"text": "hello"});
        put(&mut document, pointer, value);
        document.to_string()
    };
    let name = pointer.rsplit('/').next().unwrap_or(pointer);
    let (mine, theirs) = (with(own.into()), with(other.into()));
    let member = |value: &str| format!("\"{name}\":\"{value}\"");
    let twice = |first: &str, second: &str| mine.replace(&member(own), &format!("{first},{second}"));
    let text = match source.rng.u8(..24) {
        0 => theirs,
        1 => twice(&member(own), &member(other)),
        2 => twice(&member(other), &member(own)),
        3 => twice(&member(own), &member(other).replacen(name, &name.to_ascii_uppercase(), 1)),
        4 => twice(
            &member(own),
            &member(other).replacen(name, &format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]), 1),
        ),
        5 => with(json!([own, other])),
        6 => with(json!([])),
        7 => with(json!([own])),
        8 => with(Value::Null),
        9 => with(json!({"0": own})),
        10 => with(json!([[own]])),
        11 => with(json!(1)),
        12 => format!("{mine}{theirs}"),
        13 => format!("{mine}\n{theirs}"),
        14 => format!("[{mine},{theirs}]"),
        15 => format!("\u{feff}{mine}"),
        16 => format!("/*{theirs}*/{mine}"),
        17 => format!("{{\"__proto__\":{theirs},{}", &mine[1..]),
        18 => format!("{name}={other}&{name}={own}"),
        19 => format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{other}\r\n--x--\r\n"),
        20 => mine.replace(&format!("\"{own}\""), &format!("\"{own}\\u0000{other}\"")),
        21 => String::new(),
        22 => return mine.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => mine.clone() + &" ".repeat(source.rng.usize(..70_000)),
    };
    text.into_bytes()
}

/// How its length is told.
fn framed(source: &mut Source<'_>, draft: &mut Draft) {
    match source.rng.u8(..6) {
        0 => draft.framing = Framing::Chunked(1 + source.rng.usize(..draft.body.len().max(1))),
        1 => draft.framing = Framing::Untold,
        2 => draft.method = source.pick(&["GET", "PUT", "DELETE", "POST"]).to_owned(),
        _ => {}
    }
}
