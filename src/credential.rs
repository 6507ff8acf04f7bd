//! Finding the one credential of a request.
//!
//! Every accepted place is looked at, every time: a request with two credentials is refused, because the origin might
//! believe the other one. Duplicate header lines and one comma-joined line are the same thing, on every host.

mod syntax;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use crate::api_key;
use crate::error::CredentialError;
use crate::percent;
use crate::request::{Headers, Request};

use syntax::{b64token, bearer, parameters, visible_ascii};

/// What a caller presents, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// A token in JWS compact serialisation, perhaps.
    Token(Cow<'a, str>),
    /// An API key, perhaps.
    ApiKey(Cow<'a, str>),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::ApiKey(_) => "ApiKey(..)",
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
            Self::WebSocketProtocol => "the Sec-WebSocket-Protocol header",
            Self::Query => "the query string",
        }
    }
}

/// The places a deployment accepts credentials in.
#[derive(Debug, Clone)]
pub struct CredentialLocations {
    /// `Authorization: Bearer`.
    pub authorization: bool,
    /// Name of the header for API keys, in lower case.
    pub api_key_header: Option<String>,
    /// What API keys of the origin's own kind begin with.
    pub api_key_prefixes: Vec<String>,
    /// Whether one of these may stand in `Authorization` by itself.
    pub bare_authorization: bool,
    /// First entries of `Sec-WebSocket-Protocol` that announce a token as the second. WebSocket routes only.
    pub websocket_protocols: Vec<String>,
    /// Query parameter with a token. WebSocket routes only.
    pub query_parameter: Option<String>,
}

/// The header of bearer tokens, in lower case.
pub const AUTHORIZATION: &str = "authorization";
/// The header of WebSocket subprotocols, in lower case.
pub const WEBSOCKET_PROTOCOL: &str = "sec-websocket-protocol";

impl CredentialLocations {
    /// The one credential of a request, and where it stands.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] if there is none, more than one, or one that is not understood.
    pub(crate) fn find<'q>(
        &self,
        request: &'q Request<'_>,
    ) -> Result<(Credential<'q>, CredentialLocation), CredentialError> {
        let found = self.presented(request)?;
        let (value, place) = match found.as_slice() {
            [] => return Err(CredentialError::Missing),
            [only] => *only,
            _ => return Err(CredentialError::Ambiguous),
        };
        let credential = match place {
            CredentialLocation::Authorization if !self.authorization => {
                return Err(CredentialError::Unsupported);
            }
            CredentialLocation::Authorization => self.authorization(value)?,
            CredentialLocation::ApiKeyHeader => Credential::ApiKey(Cow::Borrowed(visible_ascii(value)?)),
            CredentialLocation::WebSocketProtocol => self.classify(Cow::Borrowed(b64token(value)?)),
            CredentialLocation::Query => {
                let decoded = percent::decode_form_leniently(visible_ascii(value)?);
                b64token(decoded.as_bytes())?;
                self.classify(Cow::Owned(decoded))
            }
        };
        Ok((credential, place))
    }

    /// What a value of `Authorization` presents.
    fn authorization<'a>(&self, value: &'a [u8]) -> Result<Credential<'a>, CredentialError> {
        if self.bare_authorization && self.is_origin_key(value) {
            return visible_ascii(value).map(Cow::Borrowed).map(Credential::ApiKey);
        }
        let text = bearer(value)?;
        // A key of another system need not be a `b64token`: R2R's have padding in the middle.
        if self.is_origin_key(text.as_bytes()) {
            return visible_ascii(text.as_bytes()).map(Cow::Borrowed).map(Credential::ApiKey);
        }
        b64token(text.as_bytes()).map(Cow::Borrowed).map(|text| self.classify(text))
    }

    /// Whether `value` begins as API keys of the origin's own kind do.
    fn is_origin_key(&self, value: &[u8]) -> bool {
        self.api_key_prefixes.iter().any(|prefix| value.starts_with(prefix.as_bytes()))
    }

    /// Kinds are told apart by prefix: an API key may travel as a bearer token.
    fn classify<'a>(&self, text: Cow<'a, str>) -> Credential<'a> {
        if text.starts_with(api_key::PREFIX) || self.is_origin_key(text.as_bytes()) {
            Credential::ApiKey(text)
        } else {
            Credential::Token(text)
        }
    }

    /// Everything that stands where a credential may stand, whether or not it is accepted there.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Malformed`] if a sentinel of `Sec-WebSocket-Protocol` stands where it must not.
    pub(crate) fn presented<'q>(
        &self,
        request: &'q Request<'_>,
    ) -> Result<Vec<(&'q [u8], CredentialLocation)>, CredentialError> {
        let headers = request.headers();
        let mut found: Vec<(&'q [u8], CredentialLocation)> = Vec::new();
        // Presence counts even where the location is switched off: what is not accepted must not be overlooked either.
        found.extend(headers.list(AUTHORIZATION).map(|value| (value, CredentialLocation::Authorization)));
        if let Some(name) = &self.api_key_header {
            found.extend(headers.list(name).map(|value| (value, CredentialLocation::ApiKeyHeader)));
        }
        if request.is_websocket() {
            let token = self.websocket_token(headers)?;
            found.extend(token.map(|token| (token, CredentialLocation::WebSocketProtocol)));
            let values = self.query_values(request.query());
            found.extend(values.map(|value| (value.as_bytes(), CredentialLocation::Query)));
        }
        Ok(found)
    }

    /// The entry after the sentinel. The sentinel must be the first entry, and the token the last.
    fn websocket_token<'q>(&self, headers: &'q Headers<'_>) -> Result<Option<&'q [u8]>, CredentialError> {
        let entries: Vec<_> = headers.list(WEBSOCKET_PROTOCOL).filter(|entry| !entry.is_empty()).collect();
        let is_sentinel = |entry: &[u8]| self.is_websocket_sentinel(entry);
        match entries.as_slice() {
            [first, token] if is_sentinel(first) && !is_sentinel(token) => Ok(Some(token)),
            entries if entries.iter().any(|entry| is_sentinel(entry)) => Err(CredentialError::Malformed),
            _ => Ok(None),
        }
    }

    /// Whether `entry` of `Sec-WebSocket-Protocol` announces a token.
    pub(crate) fn is_websocket_sentinel(&self, entry: &[u8]) -> bool {
        self.websocket_protocols.iter().any(|sentinel| sentinel.as_bytes() == entry)
    }

    fn query_values<'a>(&self, query: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        parameters(query).filter(|(name, _)| self.is_query_parameter(name)).map(|(_, value)| value)
    }

    /// The decoded value of the query parameter that carries a token.
    pub(crate) fn query_token(&self, query: Option<&str>) -> Option<String> {
        self.query_values(query).next().map(percent::decode_form_leniently)
    }

    /// Whether a query parameter, by its name as it is written, carries a token.
    pub fn is_query_parameter(&self, raw_name: &str) -> bool {
        self.query_parameter.as_ref().is_some_and(|name| percent::decode_form_leniently(raw_name) == *name)
    }

    /// `query` without the parameter that may carry a credential; everything else byte for byte.
    pub(crate) fn strip_query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let carries = |part: &str| self.is_query_parameter(part.split('=').next().unwrap_or_default());
        if !query.split('&').any(carries) {
            return Cow::Borrowed(query);
        }
        let kept: Vec<&str> = query.split('&').filter(|part| !carries(part)).collect();
        Cow::Owned(kept.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Credential, CredentialLocation, CredentialLocations};
    use crate::error::CredentialError;
    use crate::request::{HeaderPair, Request, RequestHead};
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    fn locations() -> CredentialLocations {
        CredentialLocations {
            authorization: true,
            api_key_header: Some("x-api-key".to_string()),
            api_key_prefixes: Vec::new(),
            bare_authorization: false,
            websocket_protocols: vec!["agentflow-bearer".to_string()],
            query_parameter: Some("token".to_string()),
        }
    }

    fn find(
        headers: &[(&str, &str)],
        query: Option<&str>,
        websocket: bool,
    ) -> Result<(bool, alloc::string::String, CredentialLocation), CredentialError> {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let upgrade = [HeaderPair::new("connection", "upgrade"), HeaderPair::new("upgrade", "websocket")];
        let pairs = [pairs, if websocket { upgrade.to_vec() } else { Vec::new() }].concat();
        let target = query.map_or("/".to_string(), |query| format!("/?{query}"));
        let request = Request::parse(&RequestHead::new("GET", &target, &pairs)).unwrap();
        locations().find(&request).map(|(credential, location)| match credential {
            Credential::Token(text) => (false, text.to_string(), location),
            Credential::ApiKey(text) => (true, text.to_string(), location),
        })
    }

    #[test]
    fn authorization() {
        use CredentialError::{Ambiguous, Malformed, Unsupported};
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
            assert_eq!(
                find(&[("AUTHORIZATION", value)], None, false),
                Ok((false, "a.b.c".to_string(), CredentialLocation::Authorization))
            );
        }
        for (value, error) in [
            ("", Malformed),
            ("Bearer", Malformed),
            ("Bearer ", Malformed),
            ("Bearer a b", Malformed),
            ("Bearer a\tb", Malformed),
            ("Bearer\ta", Malformed),
            ("Bearer =", Malformed),
            ("Bearer a=b", Malformed),
            ("Bearer a\u{e9}", Malformed),
            ("Bearer {\"payload\":1}", Malformed),
            ("Bearera.b.c", Unsupported),
            ("Basic dXNlcjpwYXNz", Unsupported),
            ("a.b.c", Unsupported),
            ("Bearer a, Bearer b", Ambiguous),
            ("Bearer a,", Ambiguous),
        ] {
            assert_eq!(find(&[("authorization", value)], None, false), Err(error), "{value:?}");
        }
    }

    #[test]
    fn keys_of_the_origins_own_kind() {
        use CredentialError::{Ambiguous, Malformed, Unsupported};
        let find = |bare: bool, values: &[&str]| {
            let locations = CredentialLocations {
                api_key_prefixes: vec!["ragflow-".to_string(), "key_".to_string()],
                bare_authorization: bare,
                ..locations()
            };
            let pairs: Vec<_> = values.iter().map(|value| HeaderPair::new("authorization", *value)).collect();
            let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
            locations.find(&request).map(|(credential, _)| match credential {
                Credential::Token(text) => (false, text.to_string()),
                Credential::ApiKey(text) => (true, text.to_string()),
            })
        };
        let key = |text: &str| Ok((true, text.to_string()));
        for bare in [false, true] {
            assert_eq!(find(bare, &["Bearer key_a==.b="]), key("key_a==.b="));
            assert_eq!(find(bare, &["bearer  ragflow-a{b}"]), key("ragflow-a{b}"));
            assert_eq!(find(bare, &["Bearer Key_a.b"]), Ok((false, "Key_a.b".to_string())));
            for (value, error) in [
                ("Bearer Key_a==.b", Malformed),
                ("Bearer x-ragflow-a{b}", Malformed),
                ("Bearer key_a b", Malformed),
                ("Bearer key_a\tb", Malformed),
                ("Bearer key_\u{e9}", Malformed),
                ("Bearer key_a,b", Ambiguous),
                ("Basic ragflow-a", Unsupported),
                ("Token key_a", Unsupported),
                ("RAGFLOW-a", Unsupported),
                ("a.b.c", Unsupported),
                ("pc_a", Unsupported),
            ] {
                assert_eq!(find(bare, &[value]), Err(error), "{value:?}");
            }
            assert_eq!(find(bare, &["key_a", "Bearer key_a"]), Err(Ambiguous));
        }
        assert_eq!(find(true, &["ragflow-a"]), key("ragflow-a"));
        assert_eq!(find(true, &["key_a==.b="]), key("key_a==.b="));
        assert_eq!(find(true, &["ragflow-a b"]), Err(Malformed));
        assert_eq!(find(true, &["ragflow-\u{e9}"]), Err(Malformed));
        assert_eq!(find(false, &["ragflow-a"]), Err(Unsupported));
    }

    #[test]
    fn one_credential_or_none_at_all() {
        use CredentialError::{Ambiguous, Missing};
        assert_eq!(find(&[], Some("token=a"), false), Err(Missing));
        for headers in [
            &[("authorization", "Bearer a"), ("Authorization", "Bearer a")][..],
            &[("authorization", "Basic x"), ("x-api-key", "k")],
            &[("x-api-key", "k"), ("X-API-Key", "k")],
            &[("x-api-key", "k, l")],
        ] {
            assert_eq!(find(headers, None, false), Err(Ambiguous), "{headers:?}");
        }
        assert_eq!(
            find(&[("x-api-key", "k")], None, false),
            Ok((true, "k".to_string(), CredentialLocation::ApiKeyHeader))
        );
        assert_eq!(
            find(&[("authorization", "Bearer pc_x")], None, false),
            Ok((true, "pc_x".to_string(), CredentialLocation::Authorization))
        );
    }

    #[test]
    fn websocket_places_count_on_websockets_only() {
        use CredentialError::{Ambiguous, Malformed, Missing};
        let protocol = [("sec-websocket-protocol", "agentflow-bearer, a.b.c")];
        assert_eq!(find(&protocol, None, false), Err(Missing));
        assert_eq!(
            find(&protocol, None, true),
            Ok((false, "a.b.c".to_string(), CredentialLocation::WebSocketProtocol))
        );
        let lines = [("sec-websocket-protocol", "agentflow-bearer"), ("Sec-WebSocket-Protocol", "a.b.c")];
        assert_eq!(
            find(&lines, None, true),
            Ok((false, "a.b.c".to_string(), CredentialLocation::WebSocketProtocol))
        );
        for bad in [
            "agentflow-bearer",
            "a.b.c, agentflow-bearer",
            "agentflow-bearer, agentflow-bearer",
            "agentflow-bearer, a, b",
        ] {
            assert_eq!(find(&[("sec-websocket-protocol", bad)], None, true), Err(Malformed), "{bad}");
        }
        assert_eq!(find(&[("sec-websocket-protocol", "chat, v2")], None, true), Err(Missing));
        for query in ["token=a.b.c", "x=1&%74oken=a%2Eb.c&y", "&&token=a.b.c"] {
            assert_eq!(
                find(&[], Some(query), true),
                Ok((false, "a.b.c".to_string(), CredentialLocation::Query)),
                "{query}"
            );
        }
        assert_eq!(find(&[], Some("token="), true), Err(Malformed));
        assert_eq!(find(&[], Some("token"), true), Err(Malformed));
        assert_eq!(find(&[], Some("token=a&token=b"), true), Err(Ambiguous));
        assert_eq!(find(&protocol, Some("token=a"), true), Err(Ambiguous));
    }

    #[test]
    fn the_query_parameter_is_cut_out_and_nothing_else() {
        for (query, left) in [
            ("a=1&token=x&b=2", "a=1&b=2"),
            ("token=x", ""),
            ("%74ok%65n=x&a", "a"),
            ("Token=x&tokens=y", "Token=x&tokens=y"),
            ("a=token=x&&b", "a=token=x&&b"),
        ] {
            assert_eq!(locations().strip_query(query), left, "{query}");
        }
    }
}
