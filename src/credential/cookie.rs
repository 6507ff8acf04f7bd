//! Cookies that carry credentials ([RFC 6265 section 5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4)).
//!
//! Servers read `Cookie` differently: white space around names, quotation marks, commas, escapes, capitals. A cookie is
//! believed in its one plain form alone, and taken away in every form that some server might take for it.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

use percent_encoding::percent_decode;

/// The cookies of one header line, each with what separates it from the one before. Hosts join lines with commas.
fn parts(line: &[u8]) -> impl Iterator<Item = (Option<u8>, &[u8])> {
    let mut rest = Some((None, line));
    iter::from_fn(move || {
        let (separator, text) = rest.take()?;
        let end = text.iter().position(|byte| matches!(byte, b';' | b','));
        let (part, after) = match end.and_then(|end| text.split_at_checked(end)) {
            Some((part, after)) => (part, after.split_first()),
            None => (text, None),
        };
        rest = after.map(|(separator, after)| (Some(*separator), after));
        Some((separator, part))
    })
}

/// The cookies of one header line.
pub(super) fn cookies(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(line).map(|(_, part)| part)
}

/// The value of the cookie `name` in its plain form, `name=value`.
pub(super) fn value<'c>(cookie: &'c [u8], name: &str) -> Option<&'c [u8]> {
    cookie.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

/// Whether some server could find the cookie `name` in `cookie`.
///
/// SECURITY: Starlette strips white space of Latin-1 from names, `http.cookies` ends a value at white space or within
/// quotation marks, PHP decodes escapes and takes `a[b]` and `a.b` for `a` and `a_b`, and ASP.NET disregards case: whatever
/// is no character of a name separates here.
pub(super) fn may_be(cookie: &[u8], name: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~=".contains(&byte);
    let folded = |byte: u8| match byte {
        b'.' | b'+' | b' ' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    cookie.split(|byte| !in_name(*byte)).any(|piece| {
        let piece = piece.split(|byte| *byte == b'=').next().unwrap_or_default();
        percent_decode(piece).map(folded).eq(name.bytes().map(folded))
    })
}

/// What is left of cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CookiesLeft {
    /// All of them.
    All,
    /// These, byte for byte, each apart from the credential that was verified.
    Some(String),
    /// None.
    None,
}

/// What becomes of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Stays,
    /// It stays, and carries the credential that was verified.
    StaysVerified,
    /// It goes.
    Goes,
}

/// What is left of the cookies in `lines`, if `fate` says what becomes of each.
pub(super) fn left<'c>(
    lines: impl Iterator<Item = &'c [u8]>,
    mut fate: impl FnMut(&[u8]) -> Fate,
) -> CookiesLeft {
    let mut left: Vec<u8> = Vec::new();
    let (mut changed, mut after_verified) = (false, false);
    for line in lines {
        for (separator, part) in parts(line) {
            let fate = fate(part);
            if fate == Fate::Goes {
                changed = true;
                continue;
            }
            let is_verified = fate == Fate::StaysVerified;
            // SECURITY: to most servers a comma is a part of the value: they would not read what was verified.
            let is_joint = separator == Some(b',') && (is_verified || after_verified);
            changed |= is_joint;
            match separator {
                _ if left.is_empty() => left.extend(part.trim_ascii_start()),
                None => {
                    left.extend(b"; ");
                    left.extend(part);
                }
                Some(separator) => {
                    left.push(if is_joint { b';' } else { separator });
                    left.extend(part);
                }
            }
            after_verified = is_verified;
        }
    }
    if !changed {
        return CookiesLeft::All;
    }
    // What is not text could not be written again as it was: it goes with the others.
    let is_text = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
    let is_blank = left.iter().all(|byte| matches!(byte, b' ' | b'\t' | b';' | b','));
    match String::from_utf8(left) {
        Ok(left) if !is_blank && left.as_bytes().iter().all(is_text) => CookiesLeft::Some(left),
        _ => CookiesLeft::None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CookiesLeft, Fate, left, may_be, value};
    use alloc::string::ToString;

    #[test]
    fn only_the_plain_form_has_a_value() {
        for (cookie, found) in [
            (&b"session=a.b"[..], Some(&b"a.b"[..])),
            (b" session=a.b ", Some(b"a.b")),
            (b"session=", Some(b"")),
            (b"session=\"a\"", Some(b"\"a\"")),
            (b"session =a", None),
            (b"Session=a", None),
            (b"session", None),
            (b"sessions=a", None),
            (b"%73ession=a", None),
        ] {
            assert_eq!(value(cookie, "session"), found, "{:?}", cookie.escape_ascii());
        }
    }

    #[test]
    fn whatever_a_server_may_take_for_it() {
        for cookie in [
            &b"session=a"[..],
            b"  session =a",
            b"\tsession\t=a",
            b"Session=a",
            b"SESSION",
            b"session",
            b"\"session\"=a",
            b"a=\"x session=b",
            b"a=1 session=b",
            b"%73ession=a",
            b"session[0]=a",
            b"\xa0session=a",
            b"\xc2\xa0session\x85=a",
            b"session==a",
        ] {
            assert!(may_be(cookie, "session"), "{:?}", cookie.escape_ascii());
        }
        for cookie in
            [&b"sessions=a"[..], b"my_session=a", b"a=session", b"__Host-session=a", b"$Version=1", b""]
        {
            assert!(!may_be(cookie, "session"), "{:?}", cookie.escape_ascii());
        }
        assert!(may_be(b"rag.session=a", "rag_session"));
    }

    #[test]
    fn one_cookie_goes_and_the_others_stay_as_they_are() {
        let some = |text: &str| CookiesLeft::Some(text.to_string());
        for (lines, expected) in [
            (&["a=1; b=2"][..], CookiesLeft::All),
            (&[][..], CookiesLeft::All),
            (&["a=1;  b=\"2,3\"; session=x; c"], some("a=1;  b=\"2,3\"; c")),
            (&["session=x; a=1;b=2"], some("a=1;b=2")),
            (&["session=x"], CookiesLeft::None),
            (&["session=x;"], CookiesLeft::None),
            (&["session=x; Session=y ;\tsession =z"], CookiesLeft::None),
            (&["a=1", "session=x", "b=2"], some("a=1; b=2")),
            (&["a=1, session=x, b=2"], some("a=1, b=2")),
            (&["$Version=1; session=x; $Path=/"], some("$Version=1; $Path=/")),
            (&["a=\u{e9}; session=x"], CookiesLeft::None),
        ] {
            let lines_of = lines.iter().map(|line| line.as_bytes());
            let fate = |cookie: &[u8]| if may_be(cookie, "session") { Fate::Goes } else { Fate::Stays };
            assert_eq!(super::left(lines_of, fate), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_was_verified_is_a_cookie_of_its_own() {
        let some = |text: &str| CookiesLeft::Some(text.to_string());
        for (lines, expected) in [
            (&["session=x"][..], CookiesLeft::All),
            (&["a=1,2; session=x;b=3,4"], CookiesLeft::All),
            (&["a=1", "session=x", "b=2"], CookiesLeft::All),
            (&["session=x, a=1,2; b=3"], some("session=x; a=1,2; b=3")),
            (&["a=1,2, session=x,b=3,4"], some("a=1,2; session=x;b=3,4")),
            (&["session=x,"], some("session=x;")),
            (&[",session=x"], some("session=x")),
            (&["session=x; session=x, a=1,2"], some("session=x; a=1,2")),
            (&["session=x, a=\"; session=x\""], some("session=x; a=\"")),
        ] {
            let mut is_first = true;
            let fate = |cookie: &[u8]| match may_be(cookie, "session") {
                true if core::mem::take(&mut is_first) => Fate::StaysVerified,
                true => Fate::Goes,
                false => Fate::Stays,
            };
            assert_eq!(left(lines.iter().map(|line| line.as_bytes()), fate), expected, "{lines:?}");
        }
    }
}
