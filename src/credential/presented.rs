//! What a caller presents, and where.

use alloc::borrow::Cow;
use core::fmt;

use serde::Serialize;

/// What a caller presents, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// A token in JWS compact serialisation, perhaps.
    Token(Cow<'a, str>),
    /// An API key, perhaps.
    ApiKey(Cow<'a, str>),
    /// A session of the origin's, perhaps: it stands where only the origin looks for one.
    Session(Cow<'a, str>),
}

impl Credential<'_> {
    /// The text of it. Keep it out of outputs.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Token(text) | Self::ApiKey(text) | Self::Session(text) => text,
        }
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::ApiKey(_) => "ApiKey(..)",
            Self::Session(_) => "Session(..)",
        })
    }
}

/// Where a credential was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialLocation {
    /// `Authorization: Bearer …`.
    Authorization,
    /// The API-key header.
    ApiKeyHeader,
    /// A cookie.
    Cookie,
    /// The entry after the sentinel in `Sec-WebSocket-Protocol`.
    #[serde(rename = "websocket_protocol")]
    WebSocketProtocol,
    /// The query parameter.
    Query,
}

impl CredentialLocation {
    /// The place in words, for explanations.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Authorization => "the Authorization header",
            Self::ApiKeyHeader => "the API-key header",
            Self::Cookie => "a cookie",
            Self::WebSocketProtocol => "the Sec-WebSocket-Protocol header",
            Self::Query => "the query string",
        }
    }
}
