//! Percent-encoding: [RFC 3986 section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1).

use alloc::borrow::Cow;
use alloc::string::String;

use percent_encoding::{percent_decode_str, percent_encode_byte};

/// The bytes that `text` stands for; `None` if a percent sign in it is no escape, of which servers disagree.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, [u8]>> {
    let mut parts = text.split('%');
    parts.next();
    let is_escape = |part: &str| {
        let mut digits = part.bytes();
        [digits.next(), digits.next()]
            .iter()
            .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
    };
    parts.all(is_escape).then(|| Cow::from(percent_decode_str(text)))
}

/// The same in a query, where a plus sign is a space
/// ([application/x-www-form-urlencoded](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)).
pub(crate) fn decode_form(text: &str) -> Option<Cow<'_, [u8]>> {
    if !text.contains('+') {
        return decode(text);
    }
    decode(&text.replace('+', " ")).map(|decoded| Cow::Owned(decoded.into_owned()))
}

/// Text in a query as a server that takes anything would read it: a percent sign that is no escape stands for itself, and
/// bytes that are not UTF-8 are U+FFFD, which no name or token has.
pub(crate) fn decode_form_leniently(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// `%XX` for a byte.
pub(crate) fn escape(byte: u8) -> &'static str {
    percent_encode_byte(byte)
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_form, decode_form_leniently};

    #[test]
    fn what_is_no_escape_has_no_reading() {
        for (text, decoded) in [
            ("a", Some(&b"a"[..])),
            ("%61+", Some(b"a+")),
            ("a%20b", Some(b"a b")),
            ("caf%C3%A9", Some("café".as_bytes())),
            ("%ff", Some(b"\xff")),
            ("%6", None),
            ("%", None),
            ("%zz", None),
            ("%%61", None),
            ("%é0", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
    }

    #[test]
    fn a_plus_sign_is_a_space_in_a_query_alone() {
        assert_eq!(decode_form("a+b").as_deref(), Some(&b"a b"[..]));
        assert_eq!(decode_form("a%2Bb").as_deref(), Some(&b"a+b"[..]));
        assert_eq!(decode_form("a+%").as_deref(), None);
        assert_eq!(decode_form_leniently("a+%zz%ff"), "a %zz\u{fffd}");
    }
}
