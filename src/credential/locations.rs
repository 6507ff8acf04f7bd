//! The places where credentials may stand, and what stands there.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::cookie::{self, CookiesLeft, Fate};
use super::presented::{Credential, CredentialLocation};
use super::syntax::{b64token, bearer, parameters, visible_ascii};
use crate::api_key;
use crate::error::CredentialError;
use crate::limits::SESSION_CHARS_MIN;
use crate::percent;
use crate::request::{Headers, Request};

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
    /// Whether a session of the origin's may stand in `Authorization` by itself.
    pub bare_sessions: bool,
    /// How many characters a token of the origin's has that comes with a link: letters, digits, hyphens and underscores.
    pub share_token_chars: Option<usize>,
    /// First entries of `Sec-WebSocket-Protocol` that announce a token as the second. WebSocket routes only.
    pub websocket_protocols: Vec<String>,
    /// Query parameter with a token. WebSocket routes only.
    pub query_parameter: Option<String>,
    /// The query parameter in which the origin looks for a token, whether or not one is accepted there.
    pub origin_query_parameter: Option<String>,
    /// Cookies with a token or an API key. No two differ in case only.
    pub cookies: Vec<String>,
    /// Cookies in which the origin keeps sessions that it is asked about: a credential where the request has no other. Not
    /// together with `cookies`.
    pub session_cookies: Vec<String>,
    /// Cookies that the origin takes for a credential and nothing here verifies: they never pass.
    pub origin_cookies: Vec<String>,
}

/// Whether a parameter, by its name as it is written, is `name`.
fn is_named(raw_name: &str, name: &str) -> bool {
    percent::decode_form_leniently(raw_name) == name
}

/// The values of the cookies `names`. One in another than its plain form has the empty value, which is no credential.
fn cookie_values<'q>(headers: &'q Headers<'_>, names: &[String]) -> impl Iterator<Item = &'q [u8]> {
    let lines = headers.lines(COOKIE).filter(|_| !names.is_empty());
    lines.flat_map(cookie::cookies).filter_map(|cookie| {
        let name = names.iter().find(|name| cookie::may_be(cookie, name))?;
        Some(cookie::value(cookie, name).unwrap_or_default())
    })
}

/// The header of bearer tokens, in lower case.
pub const AUTHORIZATION: &str = "authorization";
/// The header of WebSocket subprotocols, in lower case.
pub const WEBSOCKET_PROTOCOL: &str = "sec-websocket-protocol";
/// The header of cookies, in lower case.
pub const COOKIE: &str = "cookie";

impl CredentialLocations {
    /// The one credential of a request, and where it stands. The same one in several places is one: it then stands in the
    /// first of them, in the order of [`CredentialLocation`].
    ///
    /// # Errors
    ///
    /// [`CredentialError`] if there is none, more than one, or one that is not understood.
    pub(crate) fn find<'q>(
        &self,
        request: &'q Request<'_>,
    ) -> Result<(Credential<'q>, CredentialLocation), CredentialError> {
        let found = self.presented(request)?;
        let [first, others @ ..] = found.as_slice() else { return Err(CredentialError::Missing) };
        if others.is_empty() {
            return Ok((self.read(*first)?, first.1));
        }
        let credential = self.read(*first).map_err(|_| CredentialError::Ambiguous)?;
        let is_same = |other: &(&'q [u8], CredentialLocation)| self.read(*other).as_ref() == Ok(&credential);
        if others.iter().all(is_same) { Ok((credential, first.1)) } else { Err(CredentialError::Ambiguous) }
    }

    /// What stands in one place.
    fn read<'a>(
        &self,
        (value, place): (&'a [u8], CredentialLocation),
    ) -> Result<Credential<'a>, CredentialError> {
        Ok(match place {
            CredentialLocation::Authorization if !self.authorization => {
                return Err(CredentialError::Unsupported);
            }
            CredentialLocation::Authorization => self.authorization(value)?,
            CredentialLocation::ApiKeyHeader => Credential::ApiKey(Cow::Borrowed(visible_ascii(value)?)),
            CredentialLocation::Cookie if self.cookies.is_empty() => {
                Credential::Session(Cow::Borrowed(b64token(value)?))
            }
            CredentialLocation::Cookie => self.token_or_key(value)?,
            CredentialLocation::WebSocketProtocol => self.classify(Cow::Borrowed(b64token(value)?)),
            CredentialLocation::Query => {
                let decoded = percent::decode_form_leniently(visible_ascii(value)?);
                b64token(decoded.as_bytes())?;
                self.classify(Cow::Owned(decoded))
            }
        })
    }

    /// What a value of `Authorization` presents.
    fn authorization<'a>(&self, value: &'a [u8]) -> Result<Credential<'a>, CredentialError> {
        if self.bare_authorization && self.is_of_origin(value) {
            return visible_ascii(value).map(Cow::Borrowed).map(Credential::ApiKey);
        }
        if self.bare_sessions
            && let Ok(text) = b64token(value)
            && text.len() >= SESSION_CHARS_MIN
        {
            return Ok(Credential::Session(Cow::Borrowed(text)));
        }
        self.token_or_key(bearer(value)?)
    }

    fn token_or_key<'a>(&self, value: &'a [u8]) -> Result<Credential<'a>, CredentialError> {
        // A key of another system need not be a `b64token`: R2R's have padding in the middle.
        if self.is_of_origin(value) {
            return visible_ascii(value).map(Cow::Borrowed).map(Credential::ApiKey);
        }
        b64token(value).map(Cow::Borrowed).map(|text| self.classify(text))
    }

    /// What `Authorization` has to say to the origin for the credential to arrive in its one normal form, `Bearer` and one
    /// space before it, or nothing before a session that came so. `None` where it says so already.
    ///
    /// SECURITY: of several lines, or of other spaces, servers read other things than what was verified.
    pub(crate) fn normal_form(&self, request: &Request<'_>) -> Option<String> {
        let token = request.headers().sole(AUTHORIZATION).and_then(|value| value.strip_prefix(b"Bearer "));
        if token.is_some_and(|token| !token.starts_with(b" ") && !token.contains(&b',')) {
            return None;
        }
        let (credential, _) = self.find(request).ok()?;
        let form = match &credential {
            Credential::Session(text) => String::from(&**text),
            Credential::Token(text) | Credential::ApiKey(text) => format!("Bearer {text}"),
        };
        (request.headers().sole(AUTHORIZATION) != Some(form.as_bytes())).then_some(form)
    }

    /// The header in which `credential` was sent, byte for byte, of cookies those that the origin gets; `None` if it has none
    /// of its own.
    pub(crate) fn header_of(
        &self,
        request: &Request<'_>,
        location: CredentialLocation,
        credential: &str,
    ) -> Option<(String, String)> {
        let sole = |name: &str| {
            let value = core::str::from_utf8(request.headers().sole(name)?).ok()?;
            Some((String::from(name), String::from(value)))
        };
        match location {
            CredentialLocation::Authorization => sole(AUTHORIZATION),
            CredentialLocation::Cookie => {
                let left = match self.strip_cookies(request, true) {
                    CookiesLeft::All => {
                        let lines: Vec<_> = request.headers().lines(COOKIE).collect();
                        String::from_utf8(lines.join(&b"; "[..])).ok()?
                    }
                    CookiesLeft::Some(left) => left,
                    CookiesLeft::None => return None,
                };
                Some((String::from(COOKIE), left))
            }
            CredentialLocation::ApiKeyHeader => {
                self.api_key_header.as_ref().map(|name| (name.clone(), String::from(credential)))
            }
            CredentialLocation::WebSocketProtocol | CredentialLocation::Query => None,
        }
    }

    /// Whether `value` begins as API keys of the origin's own kind do.
    fn is_origin_key(&self, value: &[u8]) -> bool {
        self.api_key_prefixes.iter().any(|prefix| value.starts_with(prefix.as_bytes()))
    }

    /// Whether `text` has the form of a token of the origin's that comes with a link.
    pub(crate) fn is_share_token(&self, text: &str) -> bool {
        let value = text.as_bytes();
        let in_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        self.share_token_chars == Some(value.len())
            && value.iter().all(in_token)
            && !text.starts_with(api_key::PREFIX)
            && !self.is_origin_key(value)
    }

    /// Whether `value` is a key or a token of the origin's own kind.
    fn is_of_origin(&self, value: &[u8]) -> bool {
        let may_be_share_token = self.share_token_chars == Some(value.len());
        self.is_origin_key(value)
            || (may_be_share_token && core::str::from_utf8(value).is_ok_and(|text| self.is_share_token(text)))
    }

    /// Kinds are told apart by their form: an API key may travel as a bearer token.
    fn classify<'a>(&self, text: Cow<'a, str>) -> Credential<'a> {
        if text.starts_with(api_key::PREFIX) || self.is_of_origin(text.as_bytes()) {
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
        // Web pages that keep no token send an empty header, and their origin looks for the cookie then.
        if !self.session_cookies.is_empty() && found.iter().all(|(value, _)| value.is_empty()) {
            found.clear();
        }
        if let Some(name) = &self.api_key_header {
            found.extend(headers.list(name).map(|value| (value, CredentialLocation::ApiKeyHeader)));
        }
        let values = cookie_values(headers, &self.cookies);
        found.extend(values.map(|value| (value, CredentialLocation::Cookie)));
        if request.is_websocket() {
            let token = self.websocket_token(headers)?;
            found.extend(token.map(|token| (token, CredentialLocation::WebSocketProtocol)));
            let values = self.query_values(request.query());
            found.extend(values.map(|value| (value.as_bytes(), CredentialLocation::Query)));
        }
        // As the origin has it: beside another credential it is none.
        if found.is_empty() {
            let values = cookie_values(headers, &self.session_cookies);
            found.extend(values.map(|value| (value, CredentialLocation::Cookie)));
        }
        Ok(found)
    }

    /// What is left of the cookies when those go that carry a credential; with `keeps_verified`, the first of those that are
    /// accepted stays, apart from its neighbours.
    pub(crate) fn strip_cookies(&self, request: &Request<'_>, keeps_verified: bool) -> CookiesLeft {
        if [&self.cookies, &self.session_cookies, &self.origin_cookies].iter().all(|names| names.is_empty()) {
            return CookiesLeft::All;
        }
        let mut keeps = keeps_verified;
        cookie::left(request.headers().lines(COOKIE), |cookie| {
            let is_one = |name: &String| cookie::may_be(cookie, name);
            if self.cookies.iter().chain(&self.session_cookies).any(is_one) {
                if core::mem::take(&mut keeps) { Fate::StaysVerified } else { Fate::Goes }
            } else if self.origin_cookies.iter().any(is_one) {
                Fate::Goes
            } else {
                Fate::Stays
            }
        })
    }

    /// Whether a server may take the cookie `name` for one that carries a credential.
    pub fn is_cookie(&self, name: &str) -> bool {
        let mut names = self.cookies.iter().chain(&self.session_cookies).chain(&self.origin_cookies);
        names.any(|one| cookie::may_be(name.as_bytes(), one))
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

    /// The values of query parameters that carry a token. One that only the origin believes has the empty value, which is
    /// no credential.
    fn query_values<'a>(&self, query: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        parameters(query).filter(|(name, _)| self.is_query_parameter(name)).map(|(name, value)| {
            let is_accepted = self.query_parameter.as_ref().is_some_and(|own| is_named(name, own));
            if is_accepted { value } else { "" }
        })
    }

    /// Whether a query parameter, by its name as it is written, carries a token, be it for the origin alone.
    pub fn is_query_parameter(&self, raw_name: &str) -> bool {
        self.query_parameter.iter().chain(&self.origin_query_parameter).any(|name| is_named(raw_name, name))
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
mod tests;
