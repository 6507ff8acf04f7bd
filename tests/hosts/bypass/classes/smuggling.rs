//! Where a request ends: if two servers disagree, the rest of one is the beginning of another.

use crate::draft::{Draft, Framing};
use crate::source::Source;
use crate::variant::Variant;

const TRANSFER_ENCODINGS: &[&str] = &[
    "chunked",
    "Chunked",
    "xchunked",
    "chunked, identity",
    "identity, chunked",
    "identity",
    "gzip, chunked",
    "chunked;",
    "\"chunked\"",
    " chunked",
    "\tchunked",
    "chunked\t",
    "\x0bchunked",
    "chunked\0",
    "chunked, chunked",
    ",chunked",
    "cow",
    "chunked\r\n ",
    "",
    "chunked;q=1",
    "'chunked'",
];
const CHUNK_SIZES: &[&str] = &[
    "{:x}",
    "0{:x}",
    "0000000{:x}",
    "+{:x}",
    "-{:x}",
    "0x{:x}",
    " {:x}",
    "{:x} ",
    "{:x};a=b",
    "{:x};a=\"\r\n\"",
    "{:x}\t",
    "{:x};",
    "{:x}\0",
    "{:x}g",
    "10000000000000000{:x}",
    "{:x},",
    "{:x}\n",
    "{:x};\n",
];
const LENGTHS: &[&str] = &[
    "{}",
    "+{}",
    "0{}",
    " {}",
    "{} ",
    "{},{}",
    "{}, 0",
    "0, {}",
    "-1",
    "{}.0",
    "0x{}",
    "{};",
    "",
    "a",
    "{}\t",
    "\x0b{}",
    "1e1",
    "18446744073709551616",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let (_, caller, mut draft) = source.any();
    if source.chance(50) {
        let route = source.route_where(|route| route.method == "POST");
        draft = source.draft(route, caller);
    }
    let hidden = hidden(source);
    draft.framing = Framing::Untold;
    let bytes = match source.rng.u8(..10) {
        0 | 1 => both(source, &draft, &hidden),
        2 | 3 => chunked(source, &draft, &hidden),
        4 => measured(source, &draft, &hidden),
        5 => endings(source, &draft, &hidden),
        6 => pipelined(source, &draft, &hidden),
        7 => injected(source, draft, &hidden),
        8 => trailers(source, &draft, &hidden),
        _ => beginnings(source, &draft, &hidden),
    };
    Variant { lingers: true, ..Variant::new(caller, bytes) }
}

/// The request that must not be one.
fn hidden(source: &mut Source<'_>) -> Vec<u8> {
    let (_, mut draft) = source.forbidden();
    if source.chance(60) {
        draft.header("X-Auth-Subject", "root").header("X-Auth-Roles", "admin");
    }
    if source.chance(30) {
        // It would swallow the beginning of the next request, whoever's that is.
        let mut bytes = draft.head();
        bytes.extend(b"X-Ignore: ");
        return bytes;
    }
    draft.framing = Framing::Length;
    draft.bytes()
}

/// The head, with these lines at its end.
fn with(draft: &Draft, lines: &[String], body: &[u8]) -> Vec<u8> {
    let mut bytes = draft.head();
    lines.iter().for_each(|line| bytes.extend(format!("{line}\r\n").bytes()));
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

fn length(template: &str, count: usize) -> String {
    format!("Content-Length: {}", template.replace("{}", &count.to_string()))
}

/// `Content-Length` and `Transfer-Encoding`.
fn both(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let coding = source.pick(TRANSFER_ENCODINGS);
    let name = source.pick(&[
        "Transfer-Encoding",
        "transfer-encoding",
        "Transfer-Encoding ",
        "Transfer_Encoding",
        " Transfer-Encoding",
    ]);
    let coded = [b"0\r\n\r\n", hidden].concat();
    let count = source.pick(&[coded.len(), 5, 0, 4, 1]);
    let mut lines = vec![length("{}", count), format!("{name}: {coding}")];
    if source.chance(50) {
        lines.reverse();
    }
    if source.chance(25) {
        lines.push(format!("Transfer-Encoding: {}", source.pick(TRANSFER_ENCODINGS)));
    }
    with(draft, &lines, &coded)
}

/// Chunks of odd sizes.
fn chunked(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let size = |template: &str, count: usize| template.replace("{:x}", &format!("{count:x}"));
    let template = source.pick(CHUNK_SIZES);
    let coding = if source.chance(70) { "chunked" } else { source.pick(TRANSFER_ENCODINGS) };
    let line = source.pick(&["\r\n", "\r\n", "\n", "\r"]);
    let end = source.pick(&["\r\n", "\r\n", "\n", "", "xx"]);
    let mut body = format!("{}{line}{{}}{end}", size(template, 2)).into_bytes();
    if source.chance(40) {
        body.extend([format!("{:x}\r\n", hidden.len()).as_bytes(), hidden, b"\r\n"].concat());
    }
    body.extend(format!("{}{line}\r\n", size(template, 0)).bytes());
    body.extend(hidden);
    with(draft, &[format!("Transfer-Encoding: {coding}")], &body)
}

/// Lengths that are not plain numbers, or several.
fn measured(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for _ in 0..source.pick(&[1, 2, 2]) {
        let count = source.pick(&[hidden.len(), 0, 1, hidden.len() + 10]);
        lines.push(length(source.pick(LENGTHS), count));
    }
    with(draft, &lines, hidden)
}

/// Lines that end in something else than CR LF.
fn endings(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let line =
        source.pick(&["\n", "\r", "\r\r\n", "\n\r\n", "\r\n\r", "\0\r\n", "\x0b\r\n", "\u{85}", "\u{2028}"]);
    let text = String::from_utf8_lossy(&draft.head()).into_owned();
    let every = source.chance(50);
    let text = if every { text.replace("\r\n", line) } else { text.replacen("\r\n", line, 2) };
    let end = if every { format!("{line}{line}") } else { "\r\n".to_owned() };
    [text.as_bytes(), end.as_bytes(), hidden].concat()
}

/// Honest requests one after the other, which is allowed; each is decided about.
fn pipelined(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let mut first = draft.clone();
    first.framing = if first.body.is_empty() { Framing::Untold } else { Framing::Length };
    let gap = source.pick(&["", "", "\r\n", "\n", "\r\n\r\n"]);
    [&first.bytes(), gap.as_bytes(), hidden].concat()
}

/// Line breaks where a value or a target should be.
fn injected(source: &mut Source<'_>, mut draft: Draft, hidden: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(hidden).into_owned();
    let (line, space) = source.pick(&[
        ("%0d%0a", "%20"),
        ("\r\n", " "),
        ("%0a", "%20"),
        ("\u{560d}\u{560a}", "\u{5620}"),
        ("%E5%98%8A%E5%98%8D", "+"),
    ]);
    let text = text.replace("\r\n", line).replace(' ', space);
    let start = format!("{space}HTTP/1.1{line}Host:{space}x{line}{line}");
    match source.rng.u8(..3) {
        0 => draft.target.extend(format!("{start}{text}").bytes()),
        1 => drop(draft.query(format!("a={start}{text}"))),
        _ => drop(draft.header("X-Note", format!("a{line}{line}{text}"))),
    }
    draft.framing = if draft.body.is_empty() { Framing::Untold } else { Framing::Length };
    draft.bytes()
}

/// Headers behind the body.
fn trailers(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let name = source.pick(&[
        "X-Auth-Subject",
        "Authorization",
        "X-Tenant",
        "Content-Length",
        "Transfer-Encoding",
        "Host",
        "X-Org-Id",
    ]);
    let value = source.pick(&["root", "t1", "0", "chunked", "Bearer x"]);
    let body = [format!("2\r\n{{}}\r\n0\r\n{name}: {value}\r\n\r\n").as_bytes(), hidden].concat();
    let announced = format!("Trailer: {name}");
    let mut lines = vec!["Transfer-Encoding: chunked".to_owned()];
    if source.chance(50) {
        lines.push(announced);
    }
    with(draft, &lines, &body)
}

/// What stands before a request, or is not quite the first line of one.
fn beginnings(source: &mut Source<'_>, draft: &Draft, hidden: &[u8]) -> Vec<u8> {
    let mut head = String::from_utf8_lossy(&draft.head()).into_owned();
    let version = source.pick(&[
        "HTTP/1.0",
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "http/1.1",
        "HTTP/1.1 ",
        "HTTP/11",
        "",
        "HTTP/1.1 x",
        "ICAP/1.0",
    ]);
    if source.chance(60) {
        head = head.replacen("HTTP/1.1", version, 1);
    }
    if source.chance(30) {
        head = head.replacen(' ', source.pick(&["\t", "  ", "\x0b", "\0"]), 1);
    }
    let before = source.pick(&[
        "",
        "\r\n",
        "\n",
        "\0",
        " ",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "PROXY TCP4 10.0.0.1 10.0.0.2 1 80\r\n",
        "GET /\r\n",
    ]);
    [before.as_bytes(), head.as_bytes(), b"\r\n", hidden].concat()
}
