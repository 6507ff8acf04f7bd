//! From the outbound request to what the host is told to do.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::caller::Caller;
use super::outbound::Outbound;
use super::rules::{Replacement, Upstream};
use super::standing::Standing;
use super::token_id::TokenSeed;
use crate::credential::{AUTHORIZATION, COOKIE, CredentialLocation, CredentialLocations, WEBSOCKET_PROTOCOL};
use crate::handling::CredentialHandling;
use crate::request::Request;
use crate::time::UnixTime;
use crate::verdict::{Forward, ResponseChanges};

/// An outbound request that nothing more is compared with. Needs no request any longer, and can wait.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    target: String,
    removed: Vec<String>,
    standing: Standing,
    websocket: bool,
    /// The first entry of `Sec-WebSocket-Protocol`, where it announces the verified token.
    sentinel: Option<String>,
    /// What `Authorization` has to say for a credential that is forwarded, if it does not say so.
    normal_form: Option<String>,
    /// What a token that is minted for this request is told from others by.
    seed: Option<TokenSeed>,
    /// The cookies that stay, where others go.
    cookie: Option<String>,
    response: ResponseChanges,
}

impl Handover {
    pub(crate) fn new(
        request: &Request<'_>,
        outbound: Outbound<'_>,
        locations: &CredentialLocations,
        standing: Standing,
        response: ResponseChanges,
    ) -> Self {
        let websocket = request.is_websocket();
        let protocols = request.headers().list(WEBSOCKET_PROTOCOL);
        let mut protocols = protocols.filter(|_| websocket && matches!(standing, Standing::Verified(..)));
        let sentinel = protocols
            .find(|entry| locations.is_websocket_sentinel(entry))
            .and_then(|entry| core::str::from_utf8(entry).ok());
        let normal_form = match standing {
            // A token must not stay in the URL, where logs keep it.
            Standing::Verified(
                CredentialLocation::Authorization | CredentialLocation::Query,
                CredentialHandling::Forward,
            ) => locations.normal_form(request),
            _ => None,
        };
        let is_replaced = matches!(standing, Standing::Verified(_, CredentialHandling::Replace));
        let seed = is_replaced.then(|| TokenSeed::of(request, locations));
        let target = outbound.target();
        let (removed, cookie) = outbound.into_changes();
        let sentinel = sentinel.map(ToOwned::to_owned);
        Self { target, removed, standing, websocket, sentinel, normal_form, seed, cookie, response }
    }

    /// How the request is handed on at `now`; `caller` is `None` on public routes.
    pub(crate) fn forward(self, upstream: &Upstream, caller: Option<&Caller>, now: UnixTime) -> Forward {
        let mut set_headers = Vec::new();
        if let Some(caller) = caller {
            self.set_credential(upstream, caller, now, &mut set_headers);
            upstream.identity_headers.set(caller, &mut set_headers);
        }
        set_headers.extend(self.cookie.map(|left| (COOKIE.to_owned(), left)));
        Forward {
            target: self.target,
            remove_headers: self.removed,
            set_headers,
            credential: match self.standing {
                Standing::Unverified => CredentialHandling::Strip,
                Standing::OfOrigin => CredentialHandling::Forward,
                Standing::Verified(_, handling) => handling,
            },
            remove_response_headers: self.response.remove,
            response_headers: self.response.set,
            append_response_headers: self.response.append,
        }
    }

    /// The headers that carry the credential to the origin, where they differ from what came.
    fn set_credential(
        &self,
        upstream: &Upstream,
        caller: &Caller,
        now: UnixTime,
        set: &mut Vec<(String, String)>,
    ) {
        let Standing::Verified(location, handling) = self.standing else { return };
        let replacement = match (handling, &upstream.replacement, &self.seed) {
            (CredentialHandling::Replace, Some(Replacement::Token(mint)), Some(seed)) => {
                mint.token(caller, seed, self.websocket, now)
            }
            (CredentialHandling::Replace, Some(Replacement::Key(_)), _) => {
                let assigned = upstream.key_for(handling, &caller.principal, &caller.roles);
                // SECURITY: nobody gets here without a key of their own; should somebody, none goes on.
                let Ok(Some(assigned)) = assigned else { return };
                assigned.key.expose().to_owned()
            }
            // SECURITY: without anything to replace it with, none goes on.
            (CredentialHandling::Replace, _, _) => return,
            (CredentialHandling::Forward, ..) => {
                set.extend(self.normal_form.clone().map(|value| (AUTHORIZATION.to_owned(), value)));
                return;
            }
            (CredentialHandling::Strip, ..) => {
                // The origin answers with the sentinel, and browsers insist on that.
                set.extend(self.sentinel.clone().map(|value| (WEBSOCKET_PROTOCOL.to_owned(), value)));
                return;
            }
        };
        // A token after a sentinel changes where it stands, beside `Authorization` if it stood there as well.
        if let Some(sentinel) = &self.sentinel {
            set.push((WEBSOCKET_PROTOCOL.to_owned(), format!("{sentinel}, {replacement}")));
        }
        if location != CredentialLocation::WebSocketProtocol {
            set.push((AUTHORIZATION.to_owned(), format!("Bearer {replacement}")));
        }
    }
}
