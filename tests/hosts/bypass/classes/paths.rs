//! One resource by many names: whatever the gate takes a path for, the origin must take it for the same.

use crate::draft::Draft;
use crate::source::Source;
use crate::variant::Variant;

/// What another server takes for a slash, a dot, an end, or nothing.
const INSERTS: &[&str] = &[
    "/",
    "//",
    "/./",
    "/%2e/",
    "/../",
    "/%2e%2e/",
    "/.%2e/",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "%252f",
    "%25%32%66",
    ";",
    ";a=b",
    "/..;/",
    "/.;/",
    "%3b",
    "%00",
    "%0a",
    "%0d%0a",
    "%09",
    "%20",
    "%7f",
    ".",
    "%2e",
    "..",
    "#",
    "%23",
    "?",
    "%3f",
    "%c0%af",
    "%c0%ae",
    "%e0%80%af",
    "%ef%bc%8f",
    "%u002f",
    "%",
    "%zz",
    "%2",
    "\t",
    "\x7f",
    "é",
    "*",
    "%2e%2e%2f",
    "..%2f",
    "..%5c",
    "..\\",
    "/%2e%2e%5c",
    "%e2%80%8b",
    "&",
    "|",
    "^",
    "`",
    "{",
    "}",
    "\"",
    "<",
];
/// What a path may end with and still be meant.
const ENDS: &[&str] = &[
    "/",
    "//",
    "/.",
    "/..",
    "/%2e",
    ".",
    ";",
    ";v=1",
    "%20",
    "%00",
    "%0a",
    "%09",
    ".json",
    "/index.html",
    "?",
    "??",
    "#",
    "%23",
    "%3f",
    "%2f",
    "%5c",
    "\\",
    "..;",
    "/..;/x",
    "%3b",
    "/*",
    "~",
    "%c2%a0",
];

pub(crate) fn make(source: &mut Source<'_>) -> Variant {
    let (_, caller, mut draft) = source.any();
    for _ in 0..source.rng.usize(1..3) {
        mutate(source, &mut draft);
    }
    Variant::of(caller, &draft)
}

fn mutate(source: &mut Source<'_>, draft: &mut Draft) {
    let path = draft.path();
    let query = draft.target.get(path.len()..).unwrap_or_default().to_vec();
    let changed = match source.rng.u8(..12) {
        0 | 1 => inserted(source, &path),
        2 => [path.as_slice(), source.pick(ENDS).as_bytes()].concat(),
        3 => encoded(source, &path, false),
        4 => encoded(source, &path, true),
        5 => recased(source, &path),
        6 | 7 => by_way_of_public(source, &path),
        8 => detour(source, &path),
        9 => absolute(source, &path),
        10 => replaced(source, &path),
        _ => [source.pick(INSERTS).as_bytes(), &path].concat(),
    };
    draft.target = [changed, query].concat();
}

/// Something between two characters.
fn inserted(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    let at = source.rng.usize(..=path.len());
    [&path[..at], source.pick(INSERTS).as_bytes(), &path[at..]].concat()
}

/// Some characters in percent-encoding, once or twice over.
fn encoded(source: &mut Source<'_>, path: &[u8], twice: bool) -> Vec<u8> {
    let percent = source.pick(&[10, 30, 100]);
    let mut changed = Vec::new();
    for byte in path {
        if source.chance(percent) {
            let escape = if source.chance(50) { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
            changed.extend(if twice { escape.replace('%', "%25") } else { escape }.bytes());
        } else {
            changed.push(*byte);
        }
    }
    changed
}

fn recased(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    match source.rng.u8(..3) {
        0 => path.to_ascii_uppercase(),
        1 => path
            .iter()
            .map(|byte| if source.chance(30) { byte.to_ascii_uppercase() } else { *byte })
            .collect(),
        // The Kelvin sign and the long s fold to letters of ASCII.
        _ => String::from_utf8_lossy(path).replace('s', "%C5%BF").replace('k', "%E2%84%AA").into_bytes(),
    }
}

/// Up from a public route to the other.
fn by_way_of_public(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    let public = source.route_where(|route| route.access == "public" && route.method == "GET");
    let prefix = public.template.split('{').next().unwrap_or("/").trim_end_matches('/').to_owned();
    let depth = prefix.matches('/').count();
    let (slash, up) = (
        source.pick(&["/", "%2f", "%5c", "\\", "%252f", "//", ";/"]),
        source.pick(&["..", "%2e%2e", ".%2e", "..;", "%252e%252e"]),
    );
    let ups = format!("{slash}{up}").repeat(depth + source.rng.usize(..2));
    let first = if source.chance(50) { slash } else { "/" };
    let rest = path.strip_prefix(b"/").unwrap_or(path);
    [prefix.as_bytes(), ups.as_bytes(), first.as_bytes(), rest].concat()
}

/// Into a segment and out of it again.
fn detour(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    let slashes: Vec<usize> = (0..path.len()).filter(|index| path[*index] == b'/').collect();
    let at = if slashes.is_empty() { 0 } else { source.pick(&slashes) };
    let way =
        source.pick(&["/x/..", "/x/%2e%2e", "/./", "/x;/..", "/x%2f..", "/%2e", "/x/y/../..", "/..;/.."]);
    [&path[..at], way.as_bytes(), &path[at..]].concat()
}

/// A whole URL, or something like one.
fn absolute(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    let before = source.pick(&[
        "http://gate.example",
        "https://gate.example",
        "HTTP://GATE.EXAMPLE:80",
        "http://other.example",
        "http://",
        "//other.example",
        "http:",
        "http:/",
        "file://",
        "http://gate.example@other.example",
        "http://a?",
        "http://a#",
        "*",
        "",
    ]);
    let path = if source.chance(10) { &b""[..] } else { path };
    [before.as_bytes(), path].concat()
}

/// A segment of another route in place of one of its own.
fn replaced(source: &mut Source<'_>, path: &[u8]) -> Vec<u8> {
    let other = source.route().template.clone();
    let segments: Vec<&str> = other.split('/').filter(|segment| !segment.is_empty()).collect();
    let text = String::from_utf8_lossy(path).into_owned();
    let mut own: Vec<&str> = text.split('/').collect();
    if own.len() > 1 && !segments.is_empty() {
        let at = source.rng.usize(1..own.len());
        own[at] = segments[source.rng.usize(..segments.len())];
    }
    own.join("/").replace(['{', '}'], "").into_bytes()
}
