//! HTTP/2 on its way to an origin that speaks HTTP/1.1: what is one line there may be two here.

use crate::draft::Draft;
use crate::frames;
use crate::source::Source;
use crate::variant::{Expected, Protocol, Variant};

const NAMES: &[&str] = &[
    "X-Auth-Subject",
    "x-auth-subject",
    "x_auth_subject",
    "x-auth-subject ",
    "x-auth-subject:",
    ":x-auth-subject",
    "x-a\r\nx-auth-subject",
    "x-a: 1\r\nx-auth-subject",
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
    "host",
    "keep-alive",
    "proxy-connection",
    "content-length",
    "authorization",
    "cookie",
    "expect",
    "x-org-id",
    "x-tenant",
    ":path",
    ":method",
    ":authority",
    ":scheme",
    ":protocol",
    ":status",
    "",
    "x-project_name",
    "x_org_id",
];
const VALUES: &[&str] = &[
    "root",
    "chunked",
    "websocket",
    "X-Tenant",
    "x-tenant, close",
    "trailers",
    "0",
    "1",
    "gate.example",
    "api.example.com",
    "a\r\nX-Auth-Subject: root",
    "a\nX-Auth-Subject: root",
    "a\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n",
    "t2",
    "/admin",
    "GET",
    "a\0b",
    "h2c",
    "",
    " root ",
    "100-continue",
];
const PATHS: &[&str] = &[
    " HTTP/1.1\r\nX-Auth-Subject: root\r\nX-A: ",
    "\r\n",
    " x",
    "\t",
    "#a",
    "?a#b",
    "\0",
    "%0d%0a",
    "/../admin",
    "//",
    "/%2e%2e/",
    "",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    if source.chance(15) {
        return ordinary(source);
    }
    let (_, caller, draft) = source.any();
    let mut fields = fields(&draft);
    match source.rng.u8(..12) {
        0 => fields[2].1.extend(source.pick(PATHS).bytes()),
        1 => fields[2].1 = [source.pick(PATHS).as_bytes(), &fields[2].1].concat(),
        2 => {
            fields[0].1 = source
                .pick(&["get", "GET /admin HTTP/1.1\r\nX-A:", "HEAD", "CONNECT", "OPTIONS", "", "GET "])
                .into()
        }
        3 => drop(fields.remove(source.rng.usize(..4))),
        4 => source.rng.shuffle(&mut fields),
        5 => {
            fields[3].1 = source
                .pick(&[
                    "api.example.com",
                    "",
                    "a@gate.example",
                    "gate.example\r\nX-Auth-Subject: root",
                    "x/y",
                ])
                .into()
        }
        6 => {
            // A WebSocket as RFC 8441 opens one.
            fields[0].1 = b"CONNECT".to_vec();
            fields.insert(
                1,
                (
                    b":protocol".to_vec(),
                    source.pick(&["websocket", "websocket, x", "h2c", "WebSocket"]).into(),
                ),
            );
        }
        _ => {}
    }
    for _ in 0..source.rng.usize(0..3) {
        let field = (source.pick(NAMES).into(), source.pick(VALUES).into());
        let at = source.rng.usize(..=fields.len());
        fields.insert(at, field);
    }
    let body = match source.chance(15) {
        true => {
            fields
                .push((b"content-length".to_vec(), source.pick(&["0", "1", "5", "+5", "5,5", "500"]).into()));
            b"12345".to_vec()
        }
        false => draft.body.clone(),
    };
    Variant { protocol: Protocol::Http2, ..Variant::new(caller, frames::request(&fields, &body)) }
}

/// What a client sends that speaks HTTP/2.
fn ordinary(source: &mut Source<'_>) -> Variant {
    loop {
        let (route, caller) = source.permitted();
        if route.method != "WEBSOCKET" {
            let draft = source.draft(route, caller);
            let bytes = frames::request(&fields(&draft), &draft.body);
            return Variant {
                protocol: Protocol::Http2,
                expected: Expected::Served,
                ..Variant::new(caller, bytes)
            };
        }
    }
}

/// The header list of a request: the pseudo-headers, then the headers that HTTP/2 has.
fn fields(draft: &Draft) -> Vec<frames::Field> {
    let authority = draft.first("host").unwrap_or(b"gate.example").to_vec();
    let pseudo = [
        (":method", draft.method.as_bytes().to_vec()),
        (":scheme", b"http".to_vec()),
        (":path", draft.target.clone()),
        (":authority", authority),
    ];
    let mut fields: Vec<frames::Field> = pseudo.map(|(name, value)| (name.as_bytes().to_vec(), value)).into();
    for (name, value) in &draft.headers {
        let name = name.to_ascii_lowercase();
        if !["host", "connection", "upgrade"].contains(&name.as_str()) {
            fields.push((name.into_bytes(), value.clone()));
        }
    }
    fields
}
