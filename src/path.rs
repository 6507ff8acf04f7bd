//! One normal form for request targets: the decision and the origin see the same bytes.
//!
//! [RFC 3986 section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2), made stricter where origins are
//! known to differ from it. In the normal form
//!
//! * every byte that may stand for itself in a path segment does; all others are `%XX` in upper case, so that two
//!   paths are equal exactly when their decoded forms are (`%74hreads` is `threads`, `%3A` is `:`);
//! * dot segments are gone, and empty segments are merged (AgentFlow serves `//v1/threads` as `/v1/threads`).
//!
//! Refused instead of repaired, because servers disagree on what they mean: an encoded or plain backslash, an encoded
//! slash, control characters, bytes that are not UTF-8, a percent sign that is not an escape, double encoding
//! (`%2574`), `..;`, dot segments next to empty ones, a fragment, and anything but origin form.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use crate::limits::{PATH_SEGMENTS, TARGET_BYTES};
use crate::percent;

/// Why a request target was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathError {
    /// Longer than [`TARGET_BYTES`].
    #[error("the request target is too long")]
    TooLong,
    /// More than [`PATH_SEGMENTS`] segments.
    #[error("the path has too many segments")]
    TooManySegments,
    /// Does not begin with a slash.
    #[error("the request target does not begin with a slash")]
    NotOriginForm,
    /// A byte that must not stand in a request target.
    #[error("the request target contains a byte that must be percent-encoded")]
    IllegalByte,
    /// A percent sign that is not followed by two hexadecimal digits.
    #[error("the path contains a percent sign that is not an escape")]
    BrokenEscape,
    /// An escape for a slash, a backslash or a control character.
    #[error("the path contains an encoded slash, backslash or control character")]
    ForbiddenEscape,
    /// The decoded path contains an escape again.
    #[error("the path is percent-encoded twice")]
    DoubleEncoding,
    /// The decoded path is not UTF-8.
    #[error("the decoded path is not UTF-8")]
    NotUtf8,
    /// A dot segment that cannot be resolved without guessing.
    #[error("the path contains dot segments that servers resolve differently")]
    AmbiguousDots,
}

/// A request target in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path in normal form; begins with a slash. It is a part of the target where it came so.
    pub path: Cow<'a, str>,
    /// The query as it came, without the question mark.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Brings a request target in origin form into normal form.
    ///
    /// # Errors
    ///
    /// [`PathError`] if there is no single safe reading.
    ///
    /// ```
    /// use portcullis::{PathError, Target};
    ///
    /// let target = Target::parse(b"//v1/%74hreads?limit=10")?;
    /// assert_eq!((target.path.as_ref(), target.query), ("/v1/threads", Some("limit=10")));
    /// assert_eq!(Target::parse(b"/v1/..%2fdocs"), Err(PathError::ForbiddenEscape));
    /// # Ok::<(), PathError>(())
    /// ```
    pub fn parse(target: &'a [u8]) -> Result<Self, PathError> {
        if target.len() > TARGET_BYTES {
            return Err(PathError::TooLong);
        }
        if target.first() != Some(&b'/') {
            return Err(PathError::NotOriginForm);
        }
        // Most requests: nothing to decode, merge or resolve.
        let plain = plain_length(target);
        let rest = target.get(plain..).unwrap_or_default();
        if !is_legal(rest) {
            return Err(PathError::IllegalByte);
        }
        let text = core::str::from_utf8(target).map_err(|_| PathError::IllegalByte)?;
        let (path, query) = match (rest, text.split_at_checked(plain)) {
            ([] | [b'?', ..], Some((path, rest))) => (path, rest.get(1..)),
            _ => cut(text, b'?'),
        };
        let path = if path.len() == plain { Cow::Borrowed(path) } else { normalise(path)? };
        Ok(Self { path, query })
    }
}

/// Whether these bytes may stand in a request target. Without a branch for each of them.
fn is_legal(target: &[u8]) -> bool {
    target.iter().fold(true, |legal, byte| legal & byte.is_ascii_graphic() & (*byte != b'#'))
}

/// What stands before the first `separator`, an ASCII character, and what stands behind it. For parts of a few bytes, which a
/// search by words of the machine only makes slower.
pub(crate) fn cut(text: &str, separator: u8) -> (&str, Option<&str>) {
    let at = text.bytes().position(|byte| byte == separator);
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}

/// The normal form of an absolute path without query.
///
/// # Errors
///
/// [`PathError`] if there is no single safe reading.
pub(crate) fn normalise(path: &str) -> Result<Cow<'_, str>, PathError> {
    // Most requests: nothing to decode, merge or resolve.
    if is_plainly_normal(path) { Ok(Cow::Borrowed(path)) } else { repair(path).map(Cow::Owned) }
}

/// Whether a path is in normal form as far as that can be told without decoding anything.
fn is_plainly_normal(path: &str) -> bool {
    !path.is_empty() && plain_length(path.as_bytes()) == path.len()
}

/// Up to where a target is a path in normal form that has no escape; 0 if it is none from the beginning.
fn plain_length(target: &[u8]) -> usize {
    let [b'/', relative @ ..] = target else { return 0 };
    // With no other branch for each byte: every request comes through here, and no two paths branch alike.
    let (mut length, mut odd, mut slashes, mut before) = (1_usize, 0, 0_usize, SLASH | DOT);
    for byte in relative {
        let class = class(*byte);
        if class == OTHER {
            break;
        }
        // A segment that is empty, and not the last one; or maybe one of dots.
        odd |= class & before;
        before = (class & SLASH).wrapping_mul(SLASH | DOT);
        slashes = slashes.wrapping_add(usize::from(class & SLASH));
        length = length.wrapping_add(1);
    }
    let segments = slashes.saturating_add(usize::from(before == 0));
    if odd == 0 && segments <= PATH_SEGMENTS { length } else { 0 }
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
        segment.bytes().for_each(|byte| push_byte(&mut normal, byte));
    }
    if directory || normal.is_empty() {
        normal.push('/');
    }
    Ok(normal)
}

/// Percent-decodes once, refusing what must not appear in a decoded path.
fn decode(path: &str) -> Result<Vec<u8>, PathError> {
    let mut decoded = Vec::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            decoded.push(b'/');
        }
        if !segment.bytes().all(|byte| is_pchar(byte) || byte == b'%') {
            return Err(PathError::IllegalByte);
        }
        let segment = percent::decode(segment).ok_or(PathError::BrokenEscape)?;
        if segment.iter().any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control()) {
            return Err(PathError::ForbiddenEscape);
        }
        decoded.extend_from_slice(&segment);
    }
    Ok(decoded)
}

fn has_escape(decoded: &[u8]) -> bool {
    decoded.windows(3).any(
        |window| matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
    )
}

/// Appends one decoded byte in its one normal spelling.
fn push_byte(normal: &mut String, byte: u8) {
    if is_pchar(byte) {
        normal.push(char::from(byte));
    } else {
        normal.push_str(percent::escape(byte));
    }
}

/// What a byte of a path can be: a slash, a dot, or no `pchar`. Zero for all others.
const SLASH: u8 = 1;
const DOT: u8 = 2;
const OTHER: u8 = 4;

/// `pchar` of RFC 3986 section 3.3, without escapes: letters, digits, and `-._~!$&'()*+,;=:@`.
fn is_pchar(byte: u8) -> bool {
    class(byte) & (SLASH | OTHER) == 0
}

#[inline]
fn class(byte: u8) -> u8 {
    const TABLE: [u8; 256] = {
        let mut table = [OTHER; 256];
        let (mut places, mut byte): (&mut [u8], u8) = (&mut table, 0);
        while let [place, rest @ ..] = places {
            *place = match byte {
                b'/' => SLASH,
                b'.' => DOT,
                b'!' | b'$' | b'&'..=b'-' | b'0'..=b';' | b'=' | b'@'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => 0,
                _ => OTHER,
            };
            byte = byte.wrapping_add(1);
            places = rest;
        }
        table
    };
    TABLE.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::{PathError, Target, is_legal, is_pchar, is_plainly_normal, normalise, repair};
    use crate::limits::{PATH_SEGMENTS, TARGET_BYTES};
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

    proptest! {
        /// A target is read as if there were no short cut.
        #[test]
        fn a_target_is_read_in_one_way(target in "/?([a-z.;%/?#\\\\ é2eE]|\\.\\.|//|%2e|~x){0,12}") {
            let read = Target::parse(target.as_bytes());
            let (path, query) = target.split_once('?').map_or((&*target, None), |(path, query)| (path, Some(query)));
            if !target.starts_with('/') {
                prop_assert_eq!(read, Err(PathError::NotOriginForm));
            } else if !is_legal(target.as_bytes()) {
                prop_assert_eq!(read, Err(PathError::IllegalByte));
            } else {
                let path = repair(path);
                prop_assert_eq!(read, path.map(|path| Target { path: path.into(), query }));
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
    fn a_segment_has_the_characters_of_the_rfc() {
        for byte in 0..=u8::MAX {
            let named = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
            assert_eq!(is_pchar(byte), named, "{byte:#x}");
        }
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
            ("/a/b/..", "/a/"),
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
            ("/a\\b", PathError::IllegalByte),
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
            ("/a{b}", PathError::IllegalByte),
        ] {
            assert_eq!(normalise(path), Err(error), "{path}");
        }
        for (target, error) in [
            (&b""[..], PathError::NotOriginForm),
            (b"*", PathError::NotOriginForm),
            (b"v1/threads", PathError::NotOriginForm),
            (b"http://origin/v1", PathError::NotOriginForm),
            (b"/a b", PathError::IllegalByte),
            (b"/a#b", PathError::IllegalByte),
            (b"/a?b\x00", PathError::IllegalByte),
            (b"/\xc3\xa9", PathError::IllegalByte),
        ] {
            assert_eq!(Target::parse(target), Err(error), "{target:?}");
        }
    }

    #[test]
    fn a_target_is_bounded_with_its_query() {
        let target = ["/a?", &"x".repeat(TARGET_BYTES)].concat();
        let longest = &target.as_bytes()[..TARGET_BYTES];
        assert_eq!(Target::parse(longest).map(|target| target.path).as_deref(), Ok("/a"));
        for longer in [&target.as_bytes()[..=TARGET_BYTES], target.as_bytes()] {
            assert_eq!(Target::parse(longer), Err(PathError::TooLong));
        }
    }

    #[test]
    fn the_query_is_left_alone() {
        let target = Target::parse(b"/a/../b?x=%2F&y=//..").unwrap();
        assert_eq!((target.path.as_ref(), target.query), ("/b", Some("x=%2F&y=//..")));
        assert_eq!(Target::parse(b"/b").unwrap().query, None);
        assert_eq!(Target::parse(b"/b?").unwrap().query, Some(""));
    }
}
