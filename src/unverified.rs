//! What a refused credential says about itself, for whoever has to find out where it came from.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::api_key::ApiKeys;
use crate::credential::Credential;
use crate::json::{self, Budget, Value};
use crate::jws::UnverifiedToken;
use crate::limits::{LOG_LIST, LOG_TEXT_CHARS};

/// What a refused credential says about itself. Nobody has verified it: good for a log, and for nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Unverified {
    /// The `iss` of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    /// The `aud` of a token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aud: Vec<String>,
    /// The `kid` of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    /// The public identifier in an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<String>,
}

impl Unverified {
    /// Of `credential`, if it is a token of at most `token_bytes` with JSON objects in it, or an API key of the gate's own
    /// form.
    pub(crate) fn of(credential: &Credential<'_>, token_bytes: usize) -> Option<Self> {
        match credential {
            Credential::Token(text) => Self::of_token(text, token_bytes),
            Credential::ApiKey(text) => ApiKeys::public_id(text).map(Self::of_key),
            // It is a number in the origin's own database, and names nobody else.
            Credential::Session(_) => None,
        }
    }

    /// Of the API key with this public identifier.
    pub(crate) fn of_key(id: &str) -> Self {
        Self { api_key: Some(id.to_owned()), ..Self::default() }
    }

    fn of_token(text: &str, token_bytes: usize) -> Option<Self> {
        let token = UnverifiedToken::parse(text, token_bytes).ok()?;
        let claims = json::parse(token.unverified_payload(), Budget::REQUEST).ok()?;
        let members = claims.as_object()?;
        let text = |value: &Value| value.as_str().map(printable);
        let aud = match members.get("aud") {
            Some(Value::Array(elements)) => elements.iter().take(LOG_LIST).filter_map(text).collect(),
            single => single.and_then(text).into_iter().collect(),
        };
        Some(Self {
            iss: members.get("iss").and_then(text),
            aud,
            kid: token.unverified_header().key_id().map(printable),
            api_key: None,
        })
    }
}

/// Text of a stranger's in printable ASCII, everything else escaped, and not more of it than a log line holds.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        if printable.len() >= LOG_TEXT_CHARS {
            printable.push('…');
            break;
        }
        if character.is_ascii_graphic() || character == ' ' {
            printable.push(character);
        } else {
            printable.extend(character.escape_unicode());
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::printable;
    use crate::limits::LOG_TEXT_CHARS;

    #[test]
    fn text_is_bounded_and_escaped() {
        assert_eq!(printable("https://idp.example/a b"), "https://idp.example/a b");
        assert_eq!(printable("a\n\u{1b}[31m\u{202e}é"), "a\\u{a}\\u{1b}[31m\\u{202e}\\u{e9}");
        let long = printable(&"x".repeat(10_000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (LOG_TEXT_CHARS + 1, true));
        assert!(printable(&"é".repeat(10_000)).len() < LOG_TEXT_CHARS + 16);
    }
}
