//! What the origin receives: which headers go, which are set, and what becomes of the credential.

mod headers;
mod mint;
mod origin_key;

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::credential::{AUTHORIZATION, Place, Places, WEBSOCKET_PROTOCOL};
use crate::error::HeaderError;
use crate::path::Target;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::time::UnixTime;
use crate::verdict::Forward;

pub(crate) use headers::is_owned;
pub(crate) use mint::Mint;
pub(crate) use origin_key::OriginKey;

/// What becomes of the caller's credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CredentialFate {
    /// The origin receives it as it came.
    Forward,
    /// The origin receives a short-lived token minted for it instead, or a key of its own.
    Swap,
    /// The origin receives none.
    Strip,
}

/// How requests are handed on.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    pub(crate) credential: CredentialFate,
    /// Present when the credential is swapped.
    pub(crate) replacement: Option<Replacement>,
    pub(crate) identity_headers: bool,
    /// Headers removed besides those the gate owns, in lower case.
    pub(crate) remove_headers: Vec<String>,
}

/// What takes the place of the caller's credential.
#[derive(Debug, Clone)]
pub(crate) enum Replacement {
    /// A token of the caller's own.
    Token(Box<Mint>),
    /// One key for all callers.
    Key(OriginKey),
}

/// The request to hand on.
pub(crate) struct Handoff<'h> {
    pub(crate) head: &'h RequestHead<'h>,
    pub(crate) target: &'h Target<'h>,
    pub(crate) places: &'h Places,
    pub(crate) websocket: bool,
    pub(crate) now: UnixTime,
}

/// A caller that was let in.
pub(crate) struct Caller<'p> {
    pub(crate) principal: &'p Principal,
    pub(crate) place: Place,
    /// The roles the policy knows; no others are passed on, so that a foreign issuer cannot name a role that only the
    /// origin knows.
    pub(crate) roles: Vec<&'p str>,
}

impl Upstream {
    /// Works out what the origin receives for a request that is let in; `caller` is `None` on public routes.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] if `Connection` asks for a header to be dropped that must not be.
    pub(crate) fn forward(
        &self,
        handoff: &Handoff<'_>,
        caller: Option<&Caller<'_>>,
    ) -> Result<Forward, HeaderError> {
        let mut set_headers = Vec::new();
        if let Some(caller) = caller {
            set_headers.extend(self.credential_header(handoff, caller));
            if self.identity_headers {
                headers::set_identity(caller, &mut set_headers);
            }
        }
        Ok(Forward {
            target: handoff.target_without_credential(),
            remove_headers: self.removed_headers(handoff, caller)?,
            set_headers,
            credential: if caller.is_some() { self.credential } else { CredentialFate::Strip },
            response_headers: Vec::new(),
        })
    }

    /// What the origin receives for a request that is let in although it was refused: what came, without the headers by
    /// which a caller could claim an identity. `None` if the target is not text, and so cannot be handed on.
    pub(crate) fn forward_as_it_came(&self, head: &RequestHead<'_>) -> Option<Forward> {
        let websocket = head.is_websocket_upgrade();
        let removed = |name: &str| {
            is_owned(name)
                // SECURITY: behind another upgrade, nobody would take such headers away from what follows.
                || (headers::is_upgrade(name) && !websocket)
                || self.remove_headers.iter().any(|listed| listed == name)
        };
        Some(Forward {
            target: core::str::from_utf8(head.target).ok()?.to_owned(),
            remove_headers: names(head, removed),
            set_headers: Vec::new(),
            credential: CredentialFate::Forward,
            response_headers: Vec::new(),
        })
    }

    /// The names of the headers of this request that the origin must not see.
    fn removed_headers(
        &self,
        handoff: &Handoff<'_>,
        caller: Option<&Caller<'_>>,
    ) -> Result<Vec<String>, HeaderError> {
        let Handoff { head, places, websocket, .. } = *handoff;
        let api_key_header = places.api_key_header.as_deref();
        let hop_by_hop = headers::hop_by_hop(head, api_key_header)?;
        // Of the headers that can carry a credential, only one whose content has been verified may stay.
        let kept = match (self.credential, caller.map(|caller| caller.place)) {
            (CredentialFate::Forward, Some(Place::Authorization)) => Some(AUTHORIZATION),
            (CredentialFate::Forward, Some(Place::ApiKeyHeader)) => api_key_header,
            _ => None,
        };
        // On a WebSocket this header is part of the handshake and stays, unless an unverified token is in it.
        let offers_token = head.list(WEBSOCKET_PROTOCOL).any(|entry| places.is_websocket_sentinel(entry));
        let drop_protocols = !websocket || (caller.is_none() && offers_token);
        let removed = |name: &str| {
            let carries_credential = name == AUTHORIZATION || api_key_header == Some(name);
            is_owned(name)
                || (carries_credential && kept != Some(name))
                || (name == WEBSOCKET_PROTOCOL && drop_protocols)
                || (headers::is_upgrade(name) && !websocket)
                || self.remove_headers.iter().chain(&hop_by_hop).any(|listed| listed == name)
        };
        Ok(names(head, removed))
    }

    /// The header that carries the credential to the origin, if it differs from what came.
    fn credential_header(&self, handoff: &Handoff<'_>, caller: &Caller<'_>) -> Option<(String, String)> {
        let Handoff { head, target, places, websocket, now } = *handoff;
        let token: Option<Cow<'_, str>> = match self.credential {
            CredentialFate::Swap => self.replacement.as_ref().map(|replacement| match replacement {
                Replacement::Token(mint) => Cow::Owned(mint.token(caller, websocket, now)),
                Replacement::Key(key) => Cow::Borrowed(key.expose()),
            }),
            // A token must not stay in the URL, where logs keep it.
            CredentialFate::Forward if caller.place == Place::Query => {
                places.query_token(target.query).map(Cow::Owned)
            }
            CredentialFate::Forward | CredentialFate::Strip => None,
        };
        let sentinel = head
            .list(WEBSOCKET_PROTOCOL)
            .find(|entry| places.is_websocket_sentinel(entry))
            .and_then(|entry| core::str::from_utf8(entry).ok());
        match (token, caller.place, sentinel) {
            // The origin answers with the sentinel, and browsers insist on that: the token changes where it stands.
            (Some(token), Place::WebSocketProtocol, Some(sentinel)) => {
                Some((WEBSOCKET_PROTOCOL.to_owned(), format!("{sentinel}, {token}")))
            }
            (Some(token), ..) => Some((AUTHORIZATION.to_owned(), format!("Bearer {token}"))),
            (None, Place::WebSocketProtocol, Some(sentinel)) if self.credential == CredentialFate::Strip => {
                Some((WEBSOCKET_PROTOCOL.to_owned(), sentinel.to_owned()))
            }
            (None, ..) => None,
        }
    }
}

/// The names of the headers of this request that `wanted` picks, in lower case, each once.
fn names(head: &RequestHead<'_>, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names: Vec<String> = head
        .headers
        .iter()
        .map(|pair| String::from_utf8_lossy(pair.name).to_ascii_lowercase())
        .filter(|name| wanted(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Handoff<'_> {
    /// The target in normal form, without the query parameter that may carry a credential.
    fn target_without_credential(&self) -> String {
        let path = &self.target.path;
        match self.target.query {
            None => path.clone(),
            // `/path?` keeps its question mark; a query that held nothing but the credential does not.
            Some(query) => match self.places.strip_query(query) {
                kept if kept.is_empty() && !query.is_empty() => path.clone(),
                kept => format!("{path}?{kept}"),
            },
        }
    }
}
