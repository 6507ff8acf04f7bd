//! What a request presents as its credential. Believed only as far as the verdict says.

use portcullis::base64url;
use portcullis::json::{self, Budget, Pointer, Value};

/// A credential that the gate looked at.
#[derive(Debug, Clone)]
pub(crate) enum Presented {
    /// A token, perhaps.
    Token(PresentedToken),
    /// An API key, perhaps.
    ApiKey {
        /// The public identifier in it, if it has the form of the gate's own keys.
        id: Option<String>,
    },
}

/// What a token says. The text of the token is not kept.
#[derive(Debug, Clone)]
pub(crate) struct PresentedToken {
    /// Its length, in bytes.
    pub(crate) bytes: usize,
    /// How many segments it has.
    pub(crate) segments: usize,
    /// The header as it stands there, if it is a JSON object.
    pub(crate) header: Option<Value<'static>>,
    /// The claims as they stand there, if they are a JSON object.
    pub(crate) claims: Option<Value<'static>>,
}

impl PresentedToken {
    /// Reads `text`. What is longer than `limit` is not looked into, here as in the gate.
    pub(crate) fn read(text: &str, limit: usize) -> Self {
        let mut segments =
            text.split('.').map(|segment| (text.len() <= limit).then(|| object(segment)).flatten());
        Self {
            bytes: text.len(),
            header: segments.next().flatten(),
            claims: segments.next().flatten(),
            segments: text.split('.').count(),
        }
    }

    /// The member `name` of the header, if it is a string.
    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.as_object()?.get(name)?.as_str()
    }

    /// Whether it has the claim `name`, even if it is null.
    pub(crate) fn has_claim(&self, name: &str) -> bool {
        let members = self.claims.as_ref().and_then(Value::as_object);
        members.is_some_and(|members| members.contains_key(name))
    }

    /// The claim at `place`, if it is there and not null.
    pub(crate) fn claim_at(&self, place: &Pointer) -> Option<&Value<'static>> {
        place.get(self.claims.as_ref()?).filter(|value| **value != Value::Null)
    }

    /// The claim `name`, if it is there and not null.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value<'static>> {
        let value = self.claims.as_ref()?.as_object()?.get(name)?;
        Some(value).filter(|value| **value != Value::Null)
    }

    /// The `iss` that the token claims.
    pub(crate) fn claimed_issuer(&self) -> Option<&str> {
        self.claim("iss").and_then(Value::as_str)
    }
}

fn object(segment: &str) -> Option<Value<'static>> {
    let text = base64url::decode(segment).ok()?;
    let value = json::parse(&text, Budget::REQUEST).ok()?;
    value.as_object().is_some().then(|| value.into_owned())
}

/// A claim as it stands in the token.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone().into_owned(),
        value => serde_json::to_string(value).unwrap_or_default(),
    }
}
