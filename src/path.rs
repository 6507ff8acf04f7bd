//! One normal form for request targets: the decision and the origin see the same bytes.
//!
//! [RFC 3986 section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2), made stricter where origins are
//! known to differ from it. In the normal form
//!
//! * every octet that may stand for itself in a path segment does; all others are `%XX` in upper case, so that two
//!   paths are equal exactly when their decoded forms are (`%74hreads` is `threads`, `%3A` is `:`);
//! * dot segments are gone, and empty segments are merged (AgentFlow serves `//v1/threads` as `/v1/threads`).
//!
//! Refused instead of repaired, because servers disagree on what they mean: an encoded or plain backslash, an encoded
//! slash, control characters, octets that are not UTF-8, a percent sign that is not an escape, double encoding
//! (`%2574`), `..;`, dot segments next to empty ones, a fragment, and anything but origin form.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::limits::{PATH_SEGMENTS, TARGET_BYTES};

/// Why a request target was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// Longer than [`TARGET_BYTES`].
    TooLong,
    /// More than [`PATH_SEGMENTS`] segments.
    TooManySegments,
    /// Does not begin with a slash.
    NotOriginForm,
    /// An octet that must not stand in a request target.
    IllegalOctet,
    /// A percent sign that is not followed by two hexadecimal digits.
    BrokenEscape,
    /// An escape for a slash, a backslash or a control character.
    ForbiddenEscape,
    /// The decoded path contains an escape again.
    DoubleEncoding,
    /// The decoded path is not UTF-8.
    NotUtf8,
    /// A dot segment that cannot be resolved without guessing.
    AmbiguousDots,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the request target is too long",
            Self::TooManySegments => "the path has too many segments",
            Self::NotOriginForm => "the request target does not begin with a slash",
            Self::IllegalOctet => "the request target contains an octet that must be percent-encoded",
            Self::BrokenEscape => "the path contains a percent sign that is not an escape",
            Self::ForbiddenEscape => "the path contains an encoded slash, backslash or control character",
            Self::DoubleEncoding => "the path is percent-encoded twice",
            Self::NotUtf8 => "the decoded path is not UTF-8",
            Self::AmbiguousDots => "the path contains dot segments that servers resolve differently",
        })
    }
}

impl core::error::Error for PathError {}

/// A request target in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path in normal form; begins with a slash.
    pub path: String,
    /// The query as it came, without the question mark.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Brings a request target in origin form into normal form.
    ///
    /// # Errors
    ///
    /// [`PathError`] if there is no single safe reading.
    pub fn parse(target: &'a [u8]) -> Result<Self, PathError> {
        if target.len() > TARGET_BYTES {
            return Err(PathError::TooLong);
        }
        if target.first() != Some(&b'/') {
            return Err(PathError::NotOriginForm);
        }
        if !target.iter().all(|octet| octet.is_ascii_graphic() && *octet != b'#') {
            return Err(PathError::IllegalOctet);
        }
        let text = core::str::from_utf8(target).map_err(|_| PathError::IllegalOctet)?;
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (text, None),
        };
        Ok(Self { path: normalise(path)?, query })
    }
}

/// The normal form of an absolute path without query.
///
/// # Errors
///
/// [`PathError`] if there is no single safe reading.
pub(crate) fn normalise(path: &str) -> Result<String, PathError> {
    // Most requests: nothing to decode, merge or resolve.
    if is_plainly_normal(path) {
        return Ok(String::from(path));
    }
    repair(path)
}

/// Whether a path is in normal form as far as that can be told without decoding anything.
fn is_plainly_normal(path: &str) -> bool {
    let Some(relative) = path.strip_prefix('/') else { return false };
    let mut segments = relative.split('/').peekable();
    let mut count = 0_usize;
    while let Some(segment) = segments.next() {
        // The last one is empty behind a slash at the end.
        if segment.is_empty() && segments.peek().is_none() {
            break;
        }
        count = count.saturating_add(1);
        if segment.is_empty() || segment.starts_with('.') || !segment.bytes().all(is_pchar) {
            return false;
        }
    }
    count <= PATH_SEGMENTS
}

/// The normal form of a path, whatever it takes.
fn repair(path: &str) -> Result<String, PathError> {
    let decoded = decode(path)?;
    if has_escape(&decoded) {
        return Err(PathError::DoubleEncoding);
    }
    let decoded = String::from_utf8(decoded).map_err(|_| PathError::NotUtf8)?;
    let relative = decoded.strip_prefix('/').ok_or(PathError::NotOriginForm)?;

    let mut segments: Vec<&str> = Vec::new();
    let (mut dots, mut empties, mut directory) = (false, false, false);
    let mut rest = relative.split('/').peekable();
    while let Some(segment) = rest.next() {
        let last = rest.peek().is_none();
        match segment {
            "" => {
                empties |= !last;
                directory |= last;
            }
            "." => {
                dots = true;
                directory |= last;
            }
            ".." => {
                dots = true;
                directory |= last;
                segments.pop();
            }
            other => {
                // Servers that know path parameters cut `..;x` down to `..`; others take it as a name.
                if matches!(other.split(';').next(), Some("." | "..")) {
                    return Err(PathError::AmbiguousDots);
                }
                segments.push(other);
            }
        }
    }
    if dots && empties {
        return Err(PathError::AmbiguousDots);
    }
    if segments.len() > PATH_SEGMENTS {
        return Err(PathError::TooManySegments);
    }

    let mut normal = String::with_capacity(path.len());
    for segment in &segments {
        normal.push('/');
        segment.bytes().for_each(|octet| push_octet(&mut normal, octet));
    }
    if directory || normal.is_empty() {
        normal.push('/');
    }
    Ok(normal)
}

/// Percent-decodes once, refusing what must not appear in a decoded path.
fn decode(path: &str) -> Result<Vec<u8>, PathError> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut octets = path.bytes();
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'%' => {
                let high = octets.next().and_then(hex_value).ok_or(PathError::BrokenEscape)?;
                let low = octets.next().and_then(hex_value).ok_or(PathError::BrokenEscape)?;
                let octet = (high << 4) | low;
                if matches!(octet, b'/' | b'\\') || octet.is_ascii_control() {
                    return Err(PathError::ForbiddenEscape);
                }
                octet
            }
            octet if is_pchar(octet) || octet == b'/' => octet,
            _ => return Err(PathError::IllegalOctet),
        };
        decoded.push(octet);
    }
    Ok(decoded)
}

fn has_escape(decoded: &[u8]) -> bool {
    decoded.windows(3).any(
        |window| matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
    )
}

/// Appends one decoded octet in its one normal spelling.
fn push_octet(normal: &mut String, octet: u8) {
    if is_pchar(octet) {
        normal.push(char::from(octet));
    } else {
        push_escape(normal, octet);
    }
}

/// Appends `%XX`.
pub(crate) fn push_escape(text: &mut String, octet: u8) {
    text.push('%');
    for digit in [octet >> 4, octet & 0xf] {
        text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default().to_ascii_uppercase());
    }
}

pub(crate) fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `pchar` of RFC 3986 section 3.3, without escapes.
fn is_pchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::{PathError, Target, is_plainly_normal, normalise, repair};
    use crate::limits::PATH_SEGMENTS;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        /// The short cut leads where the long way does.
        #[test]
        fn what_is_plainly_normal_is(path in "/?([a-z.;%/:\\\\ é2eE]|\\.\\.|//|%2e|~x){0,12}") {
            if is_plainly_normal(&path) {
                prop_assert_eq!(repair(&path), Ok(path));
            }
        }
    }

    #[test]
    fn plain_paths_take_the_short_cut() {
        let deep = "/a".repeat(PATH_SEGMENTS);
        for path in ["/", "/v1/threads", "/v1/graph:StateSchema", "/v1/threads/", "/a.b/c..d", deep.as_str()]
        {
            assert!(is_plainly_normal(path) && repair(path).as_deref() == Ok(path), "{path}");
        }
        let deeper: String = "/a".repeat(PATH_SEGMENTS + 1);
        for path in ["", "a", "//", "/a//b", "/.", "/..", "/.well-known", "/a/..;/b", "/%61", "/a b", &deeper]
        {
            assert!(!is_plainly_normal(path), "{path}");
        }
        assert_eq!(normalise(&deeper), Err(PathError::TooManySegments));
    }

    #[test]
    fn one_spelling_for_one_path() {
        for (path, normal) in [
            ("/", "/"),
            ("//v1/threads", "/v1/threads"),
            ("/v1///threads", "/v1/threads"),
            ("/v1/%74hreads", "/v1/threads"),
            ("/v1/graph%3AStateSchema", "/v1/graph:StateSchema"),
            ("/v1/threads/", "/v1/threads/"),
            ("/v1/threads//", "/v1/threads/"),
            ("/a/b/../c/.", "/a/c/"),
            ("/..", "/"),
            ("/a/%2e%2E/b", "/b"),
            ("/na%c3%afve%20name", "/na%C3%AFve%20name"),
            ("/100%25", "/100%25"),
            ("/%7Euser", "/~user"),
        ] {
            assert_eq!(normalise(path).as_deref(), Ok(normal), "{path}");
            assert_eq!(normalise(normal).as_deref(), Ok(normal), "{normal} is not stable");
        }
    }

    #[test]
    fn what_has_no_single_reading_is_refused() {
        for (path, error) in [
            ("/a%2Fb", PathError::ForbiddenEscape),
            ("/a%5cb", PathError::ForbiddenEscape),
            ("/a\\b", PathError::IllegalOctet),
            ("/a%00b", PathError::ForbiddenEscape),
            ("/a%0d%0ab", PathError::ForbiddenEscape),
            ("/a%7f", PathError::ForbiddenEscape),
            ("/%", PathError::BrokenEscape),
            ("/%4", PathError::BrokenEscape),
            ("/%zz", PathError::BrokenEscape),
            ("/%2574", PathError::DoubleEncoding),
            ("/%25252e", PathError::DoubleEncoding),
            ("/%c0%af", PathError::NotUtf8),
            ("/%ff", PathError::NotUtf8),
            ("/..;/admin", PathError::AmbiguousDots),
            ("/%2e%2e;x=1/admin", PathError::AmbiguousDots),
            ("/a//../b", PathError::AmbiguousDots),
            ("/a{b}", PathError::IllegalOctet),
        ] {
            assert_eq!(normalise(path), Err(error), "{path}");
        }
        for (target, error) in [
            (&b""[..], PathError::NotOriginForm),
            (b"*", PathError::NotOriginForm),
            (b"v1/threads", PathError::NotOriginForm),
            (b"http://origin/v1", PathError::NotOriginForm),
            (b"/a b", PathError::IllegalOctet),
            (b"/a#b", PathError::IllegalOctet),
            (b"/a?b\x00", PathError::IllegalOctet),
            (b"/\xc3\xa9", PathError::IllegalOctet),
        ] {
            assert_eq!(Target::parse(target), Err(error), "{target:?}");
        }
    }

    #[test]
    fn the_query_is_left_alone() {
        let target = Target::parse(b"/a/../b?x=%2F&y=//..").unwrap();
        assert_eq!((target.path.as_str(), target.query), ("/b", Some("x=%2F&y=//..")));
        assert_eq!(Target::parse(b"/b").unwrap().query, None);
        assert_eq!(Target::parse(b"/b?").unwrap().query, Some(""));
    }
}
