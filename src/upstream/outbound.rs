//! The request as the origin will receive it, before it is sent: what bindings are compared with.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::headers::is_refused_upgrade;
use super::rules::Upstream;
use super::standing::Standing;
use crate::credential::{
    AUTHORIZATION, COOKIE, CookiesLeft, CredentialLocation, CredentialLocations, WEBSOCKET_PROTOCOL,
};
use crate::error::HeaderError;
use crate::handling::CredentialHandling;
use crate::request::{Header, Request};
use crate::verdict::REQUEST_ID;

/// The request that goes on: path and query as they will be asked for, and the headers of the caller's that stay.
///
/// SECURITY: bindings read this and nothing else. What the gate removes, what `Connection` takes away and what carries a
/// credential is not in here, so a binding on it cannot hold.
#[derive(Debug)]
pub struct Outbound<'q> {
    path: &'q str,
    query: Option<Cow<'q, str>>,
    headers: Vec<&'q Header<'q>>,
    /// Names of those that do not stay, in lower case, each once.
    removed: Vec<String>,
    /// The cookies that stay, where others go.
    cookie: Option<String>,
}

impl<'q> Outbound<'q> {
    /// Works out what goes on of `request`, whose credential has this `standing`.
    ///
    /// # Errors
    ///
    /// [`HeaderError::HopByHop`] if `Connection` asks for a header to be dropped that must not be;
    /// [`HeaderError::Refused`] if there is a header that no caller may send.
    pub(crate) fn of(
        request: &'q Request<'q>,
        upstream: &Upstream,
        locations: &CredentialLocations,
        standing: Standing,
    ) -> Result<Self, HeaderError> {
        if request.connection().names_another {
            return Err(HeaderError::HopByHop);
        }
        if let Some(header) = request.headers().iter().find(|header| upstream.refuses(header)) {
            return Err(HeaderError::Refused(header.name().to_string()));
        }
        let api_key_header = locations.api_key_header.as_deref();
        // Of the headers that can carry a credential, only one whose content has been verified may stay.
        let of_origin = standing == Standing::OfOrigin;
        let location = match standing {
            Standing::Verified(location, CredentialHandling::Forward) => Some(location),
            _ => None,
        };
        let kept = match location {
            Some(CredentialLocation::Authorization) => Some(AUTHORIZATION),
            Some(CredentialLocation::ApiKeyHeader) => api_key_header,
            _ => None,
        };
        let cookies = if of_origin {
            CookiesLeft::All
        } else {
            locations.strip_cookies(request, location == Some(CredentialLocation::Cookie))
        };
        // On a WebSocket this header is part of the handshake and stays, unless an unverified token is in it.
        let websocket = request.is_websocket();
        let mut protocols = request.headers().list(WEBSOCKET_PROTOCOL);
        let offers_token = protocols.any(|entry| locations.is_websocket_sentinel(entry));
        let drop_protocols = !websocket || (standing == Standing::Unverified && offers_token);
        let is_removed = |header: &Header<'_>| {
            // SECURITY: another spelling of a header that matters is never the one that was looked at.
            let like = |name: &str| header.is_like(name);
            let twin = |name: &str| like(name) && header.name() != name;
            let carries_credential = like(AUTHORIZATION) || api_key_header.is_some_and(like);
            let is_refused = if of_origin {
                upstream.removes_beside_credentials(header)
            } else {
                upstream.removes(header)
            };
            is_refused
                || (carries_credential && !of_origin && kept != Some(header.name()))
                || (header.name() == COOKIE && cookies != CookiesLeft::All)
                || twin(WEBSOCKET_PROTOCOL)
                || twin(REQUEST_ID)
                || (header.name() == WEBSOCKET_PROTOCOL && drop_protocols)
                || is_refused_upgrade(header.name(), websocket)
        };
        let (mut headers, mut removed) = (Vec::new(), Vec::new());
        for header in request.headers().iter() {
            if is_removed(header) { removed.push(header.name().to_string()) } else { headers.push(header) }
        }
        removed.sort_unstable();
        removed.dedup();
        let query = if of_origin { request.query().map(Cow::Borrowed) } else { query(request, locations) };
        let cookie = match cookies {
            CookiesLeft::Some(left) => Some(left).filter(|_| !upstream.lists(COOKIE)),
            CookiesLeft::All | CookiesLeft::None => None,
        };
        Ok(Self { path: request.path(), query, headers, removed, cookie })
    }

    /// The path in normal form; begins with a slash.
    pub fn path(&self) -> &'q str {
        self.path
    }

    /// The query, without the question mark and without the parameter that may carry a credential.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The lines of the header `name` (lower case), those in another spelling that some servers take for it included.
    pub fn like<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s Header<'q>> {
        self.headers.iter().copied().filter(move |header| header.is_like(name))
    }

    /// The values of the header `name` (lower case), one per line. Of cookies, those that carry a credential may be missing.
    pub(crate) fn lines<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s [u8]> {
        // Where one cookie is taken out, no line stays as it came.
        let left = self.cookie.as_deref().filter(|_| name == COOKIE).map(str::as_bytes);
        let stay = self.headers.iter().filter(move |header| header.name() == name);
        stay.map(|header| header.value()).chain(left)
    }

    /// Path and query to ask the origin for.
    pub(crate) fn target(&self) -> String {
        match &self.query {
            None => self.path.to_string(),
            Some(query) => [self.path, "?", query].concat(),
        }
    }

    /// The names of the headers that go, and the cookies that are to be set.
    pub(crate) fn into_changes(self) -> (Vec<String>, Option<String>) {
        (self.removed, self.cookie)
    }
}

/// `/path?` keeps its question mark; a query that held nothing but the credential does not.
fn query<'q>(request: &'q Request<'_>, locations: &CredentialLocations) -> Option<Cow<'q, str>> {
    let query = request.query()?;
    let kept = locations.strip_query(query);
    (query.is_empty() || !kept.is_empty()).then_some(kept)
}
