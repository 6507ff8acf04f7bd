//! What `Content-Type` announces ([RFC 9110 section 8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)).

use alloc::borrow::ToOwned;
use alloc::string::String;

/// A type of bodies that can be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)).
    Multipart {
        /// What stands between the parts, without the hyphens.
        boundary: String,
    },
}

/// Longest boundary, in characters ([RFC 2046 section 5.1.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1)).
const BOUNDARY_CHARS: usize = 70;

impl MediaType {
    /// Reads a media type, if it is one of these in UTF-8, with no other parameter than it must have.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (essence, mut parameters) = split(text);
        if essence.eq_ignore_ascii_case(b"multipart/form-data") {
            let (Some(boundary), None) = (parameters.next(), parameters.next()) else { return None };
            return Some(Self::Multipart { boundary: self::boundary(boundary)? });
        }
        let media_type = if essence.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Self::UrlEncoded
        } else {
            return None;
        };
        parameters.all(is_utf8).then_some(media_type)
    }
}

/// Whether `text` announces a text without structure, in UTF-8.
pub(super) fn is_plain_text(text: &[u8]) -> bool {
    let (essence, mut parameters) = split(text);
    essence.eq_ignore_ascii_case(b"text/plain") && parameters.all(is_utf8)
}

/// Whether `text` announces another charset than UTF-8, or a body that has parts itself.
pub(super) fn has_another_reading(text: &[u8]) -> bool {
    let (essence, mut parameters) = split(text);
    let is_charset = |parameter: &[u8]| parameter.to_ascii_lowercase().starts_with(b"charset");
    essence.to_ascii_lowercase().starts_with(b"multipart/")
        || parameters.any(|parameter| is_charset(parameter) && !is_utf8(parameter))
}

/// The type, and its parameters.
fn split(text: &[u8]) -> (&[u8], impl Iterator<Item = &[u8]>) {
    let mut parts = text.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    (parts.next().unwrap_or_default(), parts)
}

fn is_utf8(parameter: &[u8]) -> bool {
    parameter.eq_ignore_ascii_case(b"charset=utf-8") || parameter.eq_ignore_ascii_case(b"charset=\"utf-8\"")
}

/// The value of a parameter `boundary`, of characters that mean the same with quotes and without.
fn boundary(parameter: &[u8]) -> Option<String> {
    let (name, value) = parameter.split_at_checked(b"boundary=".len())?;
    let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    let value = unquoted.unwrap_or(value);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.'+".contains(byte);
    let is_boundary = name.eq_ignore_ascii_case(b"boundary=")
        && (1..=BOUNDARY_CHARS).contains(&value.len())
        && value.iter().all(is_plain);
    core::str::from_utf8(value).ok().filter(|_| is_boundary).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn a_boundary_that_every_server_finds() {
        let boundary = |text: &str| match MediaType::parse(text.as_bytes()) {
            Some(MediaType::Multipart { boundary }) => Some(boundary),
            Some(_) | None => None,
        };
        for good in [
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "Multipart/Form-Data;boundary=\"----WebKitFormBoundary7MA4YWxkTrZu0gW\"",
            "multipart/form-data ; BOUNDARY=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        ] {
            assert_eq!(boundary(good).as_deref(), Some("----WebKitFormBoundary7MA4YWxkTrZu0gW"), "{good}");
        }
        for bad in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=\"a",
            "multipart/form-data; boundary=a b",
            "multipart/form-data; boundary=\"a b\"",
            "multipart/form-data; boundary=\"a\\b\"",
            "multipart/form-data; boundary = a",
            "multipart/form-data; boundary=a; boundary=b",
            "multipart/form-data; boundary=a; charset=utf-8",
            "multipart/form-data; charset=utf-8; boundary=a",
            "multipart/form-data; boundary*=a",
            "multipart/form-data; boundary*0=a",
            "multipart/form-data; xboundary=a",
            "multipart/form-data; boundary=a;",
            "multipart/form-data; boundary=a, b",
            "multipart/form-data; boundary=a\u{e9}",
            "multipart/mixed; boundary=a",
            "multipart/form-data2; boundary=a",
        ] {
            assert_eq!(boundary(bad), None, "{bad}");
        }
        assert_eq!(boundary(&["multipart/form-data; boundary=", &"x".repeat(71)].concat()), None);
        for (text, is_one) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", false),
            ("application/x-www-form-urlencoded; boundary=x", false),
        ] {
            assert_eq!(MediaType::parse(text.as_bytes()).is_some(), is_one, "{text}");
        }
    }
}
