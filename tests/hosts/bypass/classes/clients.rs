//! What clients really send: each of these is served, whatever else is refused.

use crate::draft::{Draft, Framing};
use crate::source::Source;
use crate::variant::{Expected, Variant};

/// The headers that a client adds by itself.
const CLIENTS: &[&[(&str, &str)]] = &[
    &[("User-Agent", "curl/8.14.1"), ("Accept", "*/*")],
    &[
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("sec-fetch-mode", "cors"),
        ("user-agent", "node"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
    ],
    &[
        ("User-Agent", "python-requests/2.32.5"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept", "*/*"),
        ("Connection", "keep-alive"),
    ],
    &[
        ("Connection", "keep-alive"),
        ("sec-ch-ua", "\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\""),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Linux\""),
        ("Upgrade-Insecure-Requests", "1"),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        ),
        ("Accept", "application/json, text/plain, */*"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "empty"),
        ("Referer", "https://gate.example/app"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "de-DE,de;q=0.9,en;q=0.8"),
        ("Cookie", "theme=dark; _ga=GA1.1.1"),
    ],
    &[
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "python-httpx/0.28.1"),
    ],
    &[("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")],
    &[("User-Agent", "okhttp/5.1.0"), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip")],
    &[("accept", "*/*"), ("TE", "trailers"), ("Connection", "TE")],
    &[
        ("X-Request-ID", "0b9d-1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("Via", "1.1 proxy"),
    ],
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let (route, caller) = source.permitted();
    let mut draft = source.draft(route, caller);
    let websocket = route.method == "WEBSOCKET";
    let client = source.pick(CLIENTS);
    for (name, value) in client {
        match name.to_ascii_lowercase().as_str() {
            "cookie" => {
                let cookies = value.split("; ").filter_map(|pair| pair.split_once('='));
                for (name, value) in cookies {
                    draft.cookie(name, value);
                }
            }
            "connection" if websocket => {}
            "sec-fetch-site" if draft.first(name).is_some() => {}
            _ => drop(draft.header(*name, *value)),
        }
    }
    let bound_body =
        route.bindings.iter().any(|(name, _)| name.starts_with("body.") || name.starts_with("form."));
    let bound_query = route.bindings.iter().any(|(name, _)| name.starts_with("query."));
    match source.rng.u8(..11) {
        0 => escaped(source, &mut draft),
        1 if !bound_query => drop(draft.query(source.pick(&[
            "",
            "limit=10&offset=0",
            "q=a+b%20c&q=d",
            "x=%C3%A9",
            "a[]=1",
            "flag",
        ]))),
        2 => drop(draft.header("Accept", "application/json").header("Accept", "text/event-stream")),
        3 => {
            draft.headers.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
        }
        4 if !websocket => drop(draft.without("connection").header("Connection", "close")),
        5 => drop(draft.header("X-Long", "a".repeat(4096))),
        6 if draft.framing == Framing::Length => draft.framing = Framing::Chunked(1 + source.rng.usize(..8)),
        7 if draft.framing == Framing::Length => drop(draft.header("Expect", "100-continue")),
        8 if draft.framing == Framing::Length && !bound_body => {
            let text = "a".repeat(source.rng.usize(..100_000));
            draft.json(format!("{{\"text\": \"{text}\"}}"));
        }
        // As a client sends it that takes the gate for its proxy (RFC 9112 section 3.2.2).
        10 if !websocket => {
            let host = draft.first("host").unwrap_or_default().to_vec();
            draft.target = [b"http://".as_slice(), &host, &draft.target].concat();
        }
        9 if !websocket => {
            let mut variant = Variant::of(caller, &draft);
            variant.bytes.extend(draft.without("connection").bytes());
            return Variant {
                responses: if closes(&draft) { 1 } else { 2 },
                expected: Expected::Served,
                ..variant
            };
        }
        _ => {}
    }
    Variant { expected: Expected::Served, ..Variant::of(caller, &draft) }
}

fn closes(draft: &Draft) -> bool {
    draft.first("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
}

/// Letters of the path in percent-encoding, which every server undoes.
fn escaped(source: &mut Source<'_>, draft: &mut Draft) {
    let path = draft.path();
    let query = draft.target[path.len()..].to_vec();
    let mut changed = Vec::new();
    for byte in path {
        match byte.is_ascii_alphanumeric() && source.chance(10) {
            true => changed.extend(format!("%{byte:02X}").bytes()),
            false => changed.push(byte),
        }
    }
    draft.target = [changed, query].concat();
}
