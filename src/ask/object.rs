//! Whether an object is the caller's: the origin is asked for it, as the caller would ask.

use alloc::format;
use alloc::string::{String, ToString};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

use crate::limits::TARGET_BYTES;

/// What is left as it is in a segment of a path, and in a value of a query
/// ([RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A place of the origin where an object can be read by whoever may: a path, and perhaps a query, with `{}` for the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectTemplate {
    before: String,
    after: String,
}

/// Why a text is no place of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ObjectTemplateError {
    /// Not a path.
    #[error("write a path of the origin, percent-encoded and without #…, like \"/v3/collections/{{}}\"")]
    NotAPath,
    /// Not one `{}`.
    #[error("write {{}} once, where the object's identifier stands, like \"/v3/collections/{{}}\"")]
    NotOnePlace,
    /// `{}` is a part of a segment or of a value.
    #[error("{{}} is a whole segment of the path, or a whole value of the query")]
    NotWhole,
}

impl ObjectTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`ObjectTemplateError`] if it is none.
    pub fn parse(text: &str) -> Result<Self, ObjectTemplateError> {
        let (before, after) = text.split_once("{}").ok_or(ObjectTemplateError::NotOnePlace)?;
        if after.contains("{}") {
            return Err(ObjectTemplateError::NotOnePlace);
        }
        let legal = |byte: u8| byte.is_ascii_graphic() && !b"#\\{}\"<>^`|".contains(&byte);
        let is_path = before.starts_with('/') && !before.starts_with("//");
        if !is_path || !before.bytes().chain(after.bytes()).all(legal) {
            return Err(ObjectTemplateError::NotAPath);
        }
        let in_query = before.contains('?');
        let is_whole = match in_query {
            true => before.ends_with('=') && (after.is_empty() || after.starts_with('&')),
            false => before.ends_with('/') && (after.is_empty() || after.starts_with(['/', '?'])),
        };
        if !is_whole {
            return Err(ObjectTemplateError::NotWhole);
        }
        Ok(Self { before: before.to_string(), after: after.to_string() })
    }

    /// Where `object` is; `None` for what names none.
    ///
    /// SECURITY: written as one segment or one value, whatever is in it. A dot segment would name another place.
    pub(crate) fn target(&self, object: &[u8]) -> Option<String> {
        let object = core::str::from_utf8(object).ok()?;
        if matches!(object, "" | "." | "..") || object.chars().any(char::is_control) {
            return None;
        }
        let target = format!("{}{}{}", self.before, utf8_percent_encode(object, UNRESERVED), self.after);
        (target.len() <= TARGET_BYTES).then_some(target)
    }
}

impl core::fmt::Display for ObjectTemplate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}{{}}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectTemplate, ObjectTemplateError};

    #[test]
    fn an_object_is_one_segment_or_one_value() {
        let target =
            |template: &str, object: &str| ObjectTemplate::parse(template).unwrap().target(object.as_bytes());
        let path = "/v3/collections/{}";
        assert_eq!(target(path, "a-1").as_deref(), Some("/v3/collections/a-1"));
        assert_eq!(
            target(path, "a/../b?x=1#y%2f").as_deref(),
            Some("/v3/collections/a%2F..%2Fb%3Fx%3D1%23y%252f")
        );
        assert_eq!(
            target("/find?kind=x&id={}&full=1", "a&b=c").as_deref(),
            Some("/find?kind=x&id=a%26b%3Dc&full=1")
        );
        assert_eq!(target("/a/{}/members?x=1", "é").as_deref(), Some("/a/%C3%A9/members?x=1"));
        for object in ["", ".", "..", "a\n", "a\0"] {
            assert_eq!(target(path, object), None, "{object:?}");
        }
        assert_eq!(ObjectTemplate::parse(path).unwrap().target(b"\xff"), None);
        assert_eq!(target(path, &"x".repeat(20_000)), None);
    }

    #[test]
    fn other_templates_are_none() {
        for (text, error) in [
            ("/a", ObjectTemplateError::NotOnePlace),
            ("/a/{}/{}", ObjectTemplateError::NotOnePlace),
            ("a/{}", ObjectTemplateError::NotAPath),
            ("//evil.example/{}", ObjectTemplateError::NotAPath),
            ("https://evil.example/{}", ObjectTemplateError::NotAPath),
            ("/a b/{}", ObjectTemplateError::NotAPath),
            ("/a/{}#x", ObjectTemplateError::NotAPath),
            ("/a/x{}", ObjectTemplateError::NotWhole),
            ("/a/{}x", ObjectTemplateError::NotWhole),
            ("/a?id=x{}", ObjectTemplateError::NotWhole),
            ("/a?{}", ObjectTemplateError::NotWhole),
        ] {
            assert_eq!(ObjectTemplate::parse(text), Err(error), "{text}");
        }
    }
}
