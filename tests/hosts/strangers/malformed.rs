//! Requests that are not what HTTP says: no status of a server that failed, no line that tells of an error, and no body that
//! reaches the origin as if it were whole.

use std::time::Duration;

use anyhow::Result;
use portcullis_test_support::client::raw::{self, Ending};
use portcullis_test_support::summary::Summary;

use crate::hosts::{Gate, Kind};

/// How long a host may take to say what it thinks of a client that has left.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

const GET: &str = "GET /v1/threads";
const POST: &str = "POST /v1/graph/invoke";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// A request: what it is called, request line without version, `Host` line, further headers, body.
struct Row(&'static str, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

impl Row {
    fn new(name: &'static str, line: impl AsRef<[u8]>, headers: impl AsRef<[u8]>, body: &[u8]) -> Self {
        let host = b"Host: gate.example\r\n".to_vec();
        Self(name, line.as_ref().to_vec(), host, headers.as_ref().to_vec(), body.to_vec())
    }

    fn with_host(self, line: &[u8]) -> Self {
        Self(self.0, self.1, line.to_vec(), self.3, self.4)
    }

    fn wire(&self, token: Option<&str>) -> Vec<u8> {
        let Self(_, line, host, headers, body) = self;
        let credential = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let ending = b"Connection: close\r\n\r\n";
        [line, &b" HTTP/1.1\r\n"[..], host, credential.as_bytes(), headers, ending, body].concat()
    }
}

/// Heads that are wrong.
fn heads() -> Vec<Row> {
    let get = |name, headers: &[u8]| Row::new(name, GET, headers, b"");
    let host = |name, line: &[u8]| Row::new(name, GET, b"", b"").with_host(line);
    let line = |name, line: &[u8]| Row::new(name, line, b"", b"");
    let long = |what: &[u8], count: usize| [what, &b"a".repeat(count), b"\r\n"].concat();
    let many = (0..2000).map(|index| format!("X-{index}: a\r\n")).collect::<String>();
    let websocket = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";
    vec![
        host("no Host", b""),
        host("an empty Host", b"Host: \r\n"),
        host("two Hosts", b"Host: a\r\nHost: b\r\n"),
        host("a Host that is not ASCII", b"Host: \xe9\r\n"),
        host("a Host with a space", b"Host: a b\r\n"),
        host("a Host with a path", b"Host: a/b\r\n"),
        host("a Host with a user", b"Host: u@a\r\n"),
        host("a Host with half an address", b"Host: [::1\r\n"),
        host("a Host with a port of text", b"Host: a:x\r\n"),
        get("a value that is not UTF-8", b"X-N: \xe9\xff\r\n"),
        get("a control character", b"X-N: a\x01b\r\n"),
        get("a NUL", b"X-N: a\0b\r\n"),
        get("a space in a name", b"X N: a\r\n"),
        get("a space before the colon", b"X-N : a\r\n"),
        get("a line without a colon", b"XN\r\n"),
        get("a folded line", b"X-N: a\r\n b\r\n"),
        get("a name that is not ASCII", b"X-\xe9: a\r\n"),
        get("a bare CR", b"X-N: a\rb\r\n"),
        get("a header of 200 KB", &long(b"X-N: ", 200_000)),
        get("a header of 1 MB", &long(b"X-N: ", 1_000_000)),
        get("2,000 headers", many.as_bytes()),
        get("a Connection that is not ASCII", b"Connection: \xe9\r\n"),
        get("headers of a proxy", b"Proxy-Connection: a\r\nProxy-Authorization: b\r\nTE: \xe9\r\n"),
        get("an unknown expectation", b"Expect: 200-maybe\r\n"),
        get(
            "an upgrade to h2c",
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        ),
        Row::new("half a WebSocket", "GET /v1/graph/ws", websocket, b""),
        line("a target of 20 KB", &long(b"GET /", 20_000)[..20_000]),
        line("a target of 70 KB", &long(b"GET /", 70_000)[..70_000]),
        line("a target that is not ASCII", b"GET /\xe9"),
        line("a target with a control character", b"GET /\x01"),
        line("a target with a space", b"GET /a b"),
        line("a target without a slash", b"GET v1"),
        line("a target in absolute form", b"GET http://other.example/v1/threads"),
        line("a target of another scheme", b"GET ftp://other.example/v1/threads"),
        line("a target that is a host", b"GET http://other.example"),
        line("an asterisk", b"OPTIONS *"),
        line("an asterisk to GET", b"GET *"),
        line("CONNECT", b"CONNECT gate.example:443"),
        line("CONNECT to a path", b"CONNECT /v1/threads"),
        line("TRACE", b"TRACE /v1/threads"),
        line("an unknown method", b"THREADS /v1/threads"),
        line("a method in lower case", b"get /v1/threads"),
        line("a method that is no token", b"G@T /v1/threads"),
        line("a version that is none", b"GET / HTTP/9.9"),
        line("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ]
}

/// Bodies that are wrong, and that must not reach the origin as if they were whole.
fn bodies() -> Vec<Row> {
    let post = |name, headers: &str, body: &[u8]| {
        Row::new(name, POST, format!("Content-Type: application/json\r\n{headers}"), body)
    };
    let chunks = |name, body: &[u8]| post(name, CHUNKED, body);
    let long = |before: &[u8], count: usize, after: &[u8]| [before, &b"a".repeat(count), after].concat();
    let many = (0..3000).map(|index| format!("x-{index}: a\r\n")).collect::<String>();
    vec![
        post("a length that is no number", "Content-Length: x\r\n", b"{}"),
        post("a negative length", "Content-Length: -1\r\n", b"{}"),
        post("a length with a sign", "Content-Length: +2\r\n", b"{}"),
        post("a length beyond all", "Content-Length: 99999999999999999999999\r\n", b"{}"),
        post("two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n", b"{}"),
        post("a body shorter than its length", "Content-Length: 20\r\n", b"{}"),
        post("an unknown coding", "Transfer-Encoding: gzip\r\n", b"{}"),
        post("a misspelt coding", "Transfer-Encoding: xchunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        chunks("a chunk without a size", b"zz\r\n{}\r\n0\r\n\r\n"),
        chunks("a later chunk without a size", b"2\r\n{}\r\nzz\r\n{}\r\n0\r\n\r\n"),
        chunks("a chunk beyond all", b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        chunks("a chunk of a negative size", b"-2\r\n{}\r\n0\r\n\r\n"),
        chunks("a chunk without an end", b"2\r\n{}xx0\r\n\r\n"),
        chunks("a trailer without a colon", b"2\r\n{}\r\n0\r\nnonsense\r\n\r\n"),
        chunks("chunks that stop", b"2\r\n{}\r\n"),
        chunks("a chunk that stops", b"20\r\n{}"),
        chunks("no chunk", b""),
        // What some hosts take and others do not; it is whole then.
        chunks("a chunk with an extension of 100 KB", &long(b"2;", 100_000, b"\r\n{}\r\n0\r\n\r\n")),
        chunks("a trailer", b"2\r\n{}\r\n0\r\nx-checksum: 1\r\n\r\n"),
        chunks("a trailer that is not ASCII", b"2\r\n{}\r\n0\r\nx-checksum: \xe9\r\n\r\n"),
        chunks("a credential as a trailer", b"2\r\n{}\r\n0\r\nAuthorization: x\r\n\r\n"),
        chunks("a trailer of 100 KB", &long(b"2\r\n{}\r\n0\r\nx: ", 100_000, b"\r\n\r\n")),
        chunks("3,000 trailers", &[b"2\r\n{}\r\n0\r\n", many.as_bytes(), b"\r\n"].concat()),
        post(
            "a length and chunks",
            "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
            b"2\r\n{}\r\n0\r\n\r\n",
        ),
        post(
            "another length and chunks",
            "Transfer-Encoding: chunked\r\nContent-Length: 50\r\n",
            b"2\r\n{}\r\n0\r\n\r\n",
        ),
        post(
            "a shorter length and chunks",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            b"2\r\n{}\r\n0\r\n\r\n",
        ),
        post("chunks twice", "Transfer-Encoding: chunked, chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
    ]
}

/// Every request, from a stranger and from alice.
pub(crate) fn check(gate: &Gate, summary: &mut Summary) -> Result<()> {
    let mut checked = 0;
    for (rows, ending) in [(heads(), Ending::Wait), (bodies(), Ending::HalfClose)] {
        for row in &rows {
            for token in [None, Some(gate.token.as_str())] {
                let before = gate.log().len();
                let status = raw::status(gate.address(), &row.wire(token), ending)?;
                let who = if token.is_some() { "alice" } else { "a stranger" };
                let failed =
                    status.is_some_and(|status| status >= 500) && !is_host_own(gate.kind, row.0, status);
                summary.count(failed.then(|| format!("{} from {who}: got {status:?}", row.0)));
                let told = new_lines(gate, before).into_iter().find(|line| alarms(gate.kind, line));
                let told = told.filter(|_| !is_host_own(gate.kind, row.0, status));
                if is_host_own(gate.kind, row.0, status) {
                    // What the host itself says of it must not be taken for what the next one has brought about.
                    std::thread::sleep(AFTERTHOUGHT);
                }
                summary.count(told.map(|line| format!("{} from {who}: the log says {line}", row.0)));
                checked += 1;
            }
        }
    }
    expect_whole_bodies(gate, summary);
    let ordinary = Row::new("afterwards", GET, b"", b"").wire(Some(&gate.token));
    let status = raw::status(gate.address(), &ordinary, Ending::Wait)?;
    summary.count((status != Some(200)).then(|| format!("after {checked} requests: got {status:?}")));
    Ok(())
}

/// Clients that go away in the middle of what they send.
pub(crate) fn leaving(gate: &Gate, summary: &mut Summary) -> Result<()> {
    let head = Row::new("", GET, b"", b"").wire(Some(&gate.token));
    let measured = Row::new("", POST, b"Content-Length: 200\r\n", b"{}").wire(Some(&gate.token));
    let chunked = Row::new("", POST, CHUNKED, b"20\r\n{}").wire(Some(&gate.token));
    for (what, bytes) in [
        ("in the head", head.get(..20).unwrap_or_default()),
        ("after the head", &head),
        ("in the body", &measured),
        ("in a chunk", &chunked),
    ] {
        let before = gate.log().len();
        raw::status(gate.address(), bytes, Ending::Leave)?;
        std::thread::sleep(AFTERTHOUGHT);
        let told = new_lines(gate, before).into_iter().find(|line| alarms(gate.kind, line));
        summary.count(told.map(|line| format!("a client that leaves {what}: the log says {line}")));
    }
    expect_whole_bodies(gate, summary);
    Ok(())
}

/// A body that broke off must not have an end at the origin.
fn expect_whole_bodies(gate: &Gate, summary: &mut Summary) {
    for arrival in gate.origin.arrivals() {
        let whole = arrival.body.as_ref().is_none_or(|body| body.is_empty() || body.as_ref() == b"{}");
        summary.count((!whole).then(|| format!("the origin received {arrival:?}")));
        let cut = arrival.method == "POST" && arrival.body.as_ref().is_some_and(|body| body.is_empty());
        summary.count(cut.then(|| format!("the origin received an empty body: {arrival:?}")));
    }
}

fn new_lines(gate: &Gate, before: usize) -> Vec<String> {
    let log = gate.log();
    let (earlier, new) = log.split_at_checked(before).unwrap_or_default();
    // The rest of a line that had begun belongs to what came before.
    let new = if earlier.is_empty() || earlier.ends_with('\n') {
        new
    } else {
        new.split_once('\n').map_or("", |(_, lines)| lines)
    };
    new.lines().map(str::to_string).collect()
}

/// Whether a line would wake somebody up.
fn alarms(kind: Kind, line: &str) -> bool {
    match kind {
        // Decisions, and nothing else.
        Kind::Worker => !line.is_empty() && !line.starts_with('{'),
        Kind::Envoy => line.contains("][error]") || line.contains("][critical]"),
        // The command writes what hyper says of a head that it cannot read; an instance names what it has loaded.
        Kind::Component => {
            let loaded = line.starts_with("portcullis: policy ") && line.ends_with(" is loaded");
            !line.is_empty() && !line.starts_with('{') && !line.starts_with("error: hyper::Error(") && !loaded
        }
    }
}

/// What a host answers before the gate is asked, and which no configuration of it changes.
fn is_host_own(kind: Kind, row: &str, status: Option<u16>) -> bool {
    match kind {
        // RFC 9110 section 15.6.2 for methods, RFC 9112 section 6.1 for codings that are unknown.
        Kind::Worker | Kind::Envoy => status == Some(501),
        Kind::Component => ["no Host", "a Host that is not ASCII"].contains(&row) && status == Some(500),
    }
}
