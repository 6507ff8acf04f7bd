//! JSON pointers: [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::value::Value;

/// A place inside a JSON document, for example `/realm_access/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    pub(super) tokens: Vec<String>,
}

impl Pointer {
    /// Parses the string form. The empty string is the whole document.
    ///
    /// ```
    /// use portcullis::json::{Budget, JsonError, Pointer, Value, parse};
    ///
    /// let claims = parse(br#"{"realm_access": {"roles": ["user"]}}"#, Budget::REQUEST)?;
    /// let roles = Pointer::parse("/realm_access/roles").and_then(|place| place.get(&claims).cloned());
    /// assert_eq!(roles, Some(Value::Array([Value::from("user")].into())));
    /// # Ok::<(), JsonError>(())
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self { tokens: Vec::new() });
        }
        let tokens = text.strip_prefix('/')?.split('/').map(unescape).collect::<Option<Vec<_>>>()?;
        Some(Self { tokens })
    }

    /// The value at this place, if the document has one.
    pub fn get<'v, 't>(&self, document: &'v Value<'t>) -> Option<&'v Value<'t>> {
        self.tokens.iter().try_fold(document, |value, token| value.child(token))
    }

    /// The reference tokens, unescaped.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut text = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => match chars.next()? {
                '0' => text.push('~'),
                '1' => text.push('/'),
                _ => return None,
            },
            c => text.push(c),
        }
    }
    Some(text)
}

/// Appends one reference token to a pointer in string form, escaping it.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The string form of the pointer with these reference tokens.
pub fn pointer_to(tokens: &[&str]) -> String {
    let mut pointer = String::new();
    for token in tokens {
        push_token(&mut pointer, token);
    }
    pointer
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for token in &self.tokens {
            push_token(&mut text, token);
        }
        f.write_str(&text)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("not a JSON pointer; write it as `/name` or `/outer/inner` (RFC 6901)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;
    use crate::json::{Budget, Value, parse};

    #[test]
    fn rfc_6901_section_5() {
        let document = parse(
            br#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#,
            Budget::REQUEST,
        )
        .unwrap();
        let at = |pointer: &str| Pointer::parse(pointer).unwrap().get(&document).cloned();
        assert_eq!(at(""), Some(document.clone()));
        assert_eq!(at("/foo/0"), Some(Value::from("bar")));
        for (pointer, number) in [
            ("/", 0),
            ("/a~1b", 1),
            ("/c%d", 2),
            ("/e^f", 3),
            ("/g|h", 4),
            ("/i\\j", 5),
            ("/k\"l", 6),
            ("/ ", 7),
            ("/m~0n", 8),
        ] {
            assert_eq!(at(pointer), Some(Value::from(number)), "{pointer}");
        }
        for absent in ["/foo/2", "/foo/00", "/foo/-", "/foo/+1", "/bar", "/foo/0/x"] {
            assert_eq!(at(absent), None, "{absent}");
        }
        for bad in ["foo", "/~", "/~2"] {
            assert_eq!(Pointer::parse(bad), None, "{bad}");
        }
    }
}
