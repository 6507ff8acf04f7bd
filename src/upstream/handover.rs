//! From the outbound request to what the host is told to do.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::caller::Caller;
use super::headers;
use super::outbound::Outbound;
use super::rules::{Replacement, Upstream};
use crate::credential::{AUTHORIZATION, CredentialLocation, CredentialLocations, WEBSOCKET_PROTOCOL};
use crate::request::Request;
use crate::time::UnixTime;
use crate::verdict::{CredentialHandling, Forward, ResponseChanges};

/// An outbound request that nothing more is compared with. Needs no request any longer, and can wait.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    target: String,
    removed: Vec<String>,
    websocket: bool,
    /// The first entry of `Sec-WebSocket-Protocol`, where it announces a token.
    sentinel: Option<String>,
    /// A token that stood in the query and goes on in a header.
    query_token: Option<String>,
    response: ResponseChanges,
}

impl Handover {
    pub(crate) fn new(
        request: &Request<'_>,
        outbound: Outbound<'_>,
        locations: &CredentialLocations,
        response: ResponseChanges,
    ) -> Self {
        let sentinel = request
            .headers()
            .list(WEBSOCKET_PROTOCOL)
            .find(|entry| locations.is_websocket_sentinel(entry))
            .and_then(|entry| core::str::from_utf8(entry).ok());
        Self {
            target: outbound.target(),
            websocket: request.is_websocket(),
            sentinel: sentinel.map(ToOwned::to_owned),
            query_token: locations.query_token(request.query()),
            removed: outbound.into_removed(),
            response,
        }
    }

    /// How the request is handed on at `now`; `caller` is `None` on public routes.
    pub(crate) fn forward(self, upstream: &Upstream, caller: Option<&Caller>, now: UnixTime) -> Forward {
        let mut set_headers = Vec::new();
        if let Some(caller) = caller {
            set_headers.extend(self.credential_header(upstream, caller, now));
            if upstream.identity_headers {
                headers::set_identity(caller, &mut set_headers);
            }
        }
        Forward {
            target: self.target,
            remove_headers: self.removed,
            set_headers,
            credential: if caller.is_some() { upstream.credential } else { CredentialHandling::Strip },
            remove_response_headers: self.response.remove,
            response_headers: self.response.set,
            append_response_headers: self.response.append,
        }
    }

    /// The header that carries the credential to the origin, if it differs from what came.
    fn credential_header(
        &self,
        upstream: &Upstream,
        caller: &Caller,
        now: UnixTime,
    ) -> Option<(String, String)> {
        let token = match (upstream.credential, &upstream.replacement) {
            (CredentialHandling::Replace, Some(Replacement::Token(mint))) => {
                Some(mint.token(caller, self.websocket, now))
            }
            (CredentialHandling::Replace, Some(Replacement::Key(key))) => Some(key.expose().to_owned()),
            // A token must not stay in the URL, where logs keep it.
            (CredentialHandling::Forward, _) if caller.location == CredentialLocation::Query => {
                self.query_token.clone()
            }
            _ => None,
        };
        match (token, caller.location, &self.sentinel) {
            // The origin answers with the sentinel, and browsers insist on that: the token changes where it stands.
            (Some(token), CredentialLocation::WebSocketProtocol, Some(sentinel)) => {
                Some((WEBSOCKET_PROTOCOL.to_owned(), format!("{sentinel}, {token}")))
            }
            (Some(token), ..) => Some((AUTHORIZATION.to_owned(), format!("Bearer {token}"))),
            (None, CredentialLocation::WebSocketProtocol, Some(sentinel))
                if upstream.credential == CredentialHandling::Strip =>
            {
                Some((WEBSOCKET_PROTOCOL.to_owned(), sentinel.clone()))
            }
            (None, ..) => None,
        }
    }
}
