//! What uvicorn and hypercorn make of a request target before a router sees it.

/// The decoded path, or `None` if the target cannot stand in a request line.
///
/// As lenient as any of them, which makes the rule harder to keep: the query goes at the first question mark, a fragment
/// is cut off and an absolute form cut down to its path (httptools); then one round of Python's `unquote`, which leaves
/// broken escapes alone and puts U+FFFD in place of what is not UTF-8.
pub(crate) fn path(target: &[u8]) -> Option<String> {
    if target.iter().any(|byte| matches!(byte, b' ' | b'\r' | b'\n')) {
        return None;
    }
    let raw = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let raw = match raw.strip_prefix(b"http://") {
        Some(rest) => &rest[rest.iter().position(|byte| *byte == b'/')?..],
        None => raw,
    };
    raw.starts_with(b"/").then(|| unquote(raw))
}

fn unquote(raw: &[u8]) -> String {
    let mut decoded = Vec::new();
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        let escape = match rest {
            [b'%', high, low, ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high).zip(digit(*low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
            }
            _ => None,
        };
        decoded.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What becomes of a request at an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The route with this index runs.
    Served(usize),
    /// A redirection to another path, which is another request.
    Redirected,
    /// No route runs.
    NotServed,
}
