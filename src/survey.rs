//! Questions about one request, asked after it was decided about: what it presents, and how far that got.
//!
//! Read-only, and for tools: nothing here lets a request in, and no token or key comes out. Every answer comes from the
//! functions that decide.

mod issuer;
mod token;

pub use issuer::{SurveyedIssuer, SurveyedKey};
pub use token::SurveyedToken;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::api_key::{self, ParsedKey};
use crate::authenticator::Authenticator;
use crate::credential::{Credential, Place};
use crate::gate::Gate;
use crate::path::Target;
use crate::request::RequestHead;
use crate::time::UnixTime;

/// How a request head is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedHead {
    /// The method that a CORS preflight asks about, if it is one.
    pub preflight: Option<String>,
    /// Whether it asks for a WebSocket.
    pub websocket: bool,
    /// Where something stands that may be a credential; a place occurs as often as it holds one.
    pub places: Vec<Place>,
}

/// What a request presents, if that is one credential that can be read. Believed only as far as the verdict says.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a tool makes one of these for a request; boxing it would only make it harder to read"
)]
pub enum SurveyedCredential<'g> {
    /// A token, perhaps.
    Token(SurveyedToken<'g>),
    /// An API key, perhaps.
    ApiKey {
        /// The public identifier in it, if it has the form of the gate's own keys.
        id: Option<String>,
    },
}

/// Asking about a request.
impl Gate {
    /// How the gate reads a request head.
    pub fn survey_head(&self, head: &RequestHead<'_>) -> SurveyedHead {
        let websocket = head.is_websocket_upgrade();
        let query = Target::parse(head.target).ok().and_then(|target| target.query);
        let presented = self.places.presented(head, query, websocket).unwrap_or_default();
        SurveyedHead {
            preflight: head.preflight_method().map(|method| String::from_utf8_lossy(method).into_owned()),
            websocket,
            places: presented.into_iter().map(|(_, place)| place).collect(),
        }
    }

    /// The credential of a request, and what becomes of it at the time `now`; `None` where there is not exactly one that
    /// can be read.
    pub fn survey_credential(&self, head: &RequestHead<'_>, now: UnixTime) -> Option<SurveyedCredential<'_>> {
        let query = Target::parse(head.target).ok()?.query;
        let (credential, _) = self.places.find(head, query, head.is_websocket_upgrade()).ok()?;
        Some(match credential {
            Credential::Token(text) => SurveyedCredential::Token(SurveyedToken::of(self, &text, now)),
            Credential::ApiKey(text) => SurveyedCredential::ApiKey {
                id: Some(&*text)
                    .filter(|text| text.starts_with(api_key::PREFIX))
                    .and_then(|text| ParsedKey::parse(text).ok())
                    .map(|key| key.id.to_owned()),
            },
        })
    }

    /// The places a credential is accepted in, each as a client writes it: `Authorization: Bearer …`.
    pub fn accepted_places(&self, websocket: bool) -> Vec<String> {
        let places = &self.places;
        let mut accepted = Vec::new();
        if places.authorization {
            accepted.push("Authorization: Bearer …".to_owned());
        }
        if let Some(name) = places.api_key_header.as_deref().filter(|_| self.api_keys.is_some()) {
            accepted.push(format!("{name}: …"));
        }
        if websocket {
            let protocols = places.websocket_protocols.iter();
            accepted.extend(protocols.map(|name| format!("Sec-WebSocket-Protocol: {name}, …")));
            accepted.extend(places.query_parameter.iter().map(|name| format!("?{name}=…")));
        }
        accepted
    }

    /// Whether tokens are accepted at all.
    pub fn accepts_tokens(&self) -> bool {
        !self.issuers.is_empty()
    }

    /// Whether API keys are accepted at all.
    pub fn accepts_api_keys(&self) -> bool {
        self.api_keys.is_some()
    }

    /// Longest accepted token, in bytes.
    pub fn token_bytes(&self) -> usize {
        self.token_bytes
    }

    /// Whether preflights for routes that exist are handed on.
    pub fn forwards_preflights(&self) -> bool {
        self.cors.forward_preflight
    }

    /// Who issues tokens, in the order of the configuration.
    pub fn issuers(&self) -> impl Iterator<Item = SurveyedIssuer<'_>> {
        self.issuers.iter().enumerate().map(|(index, issuer)| SurveyedIssuer::new(index, issuer))
    }

    /// `target` for a terminal or a log: with `…` for the value of the query parameter that may carry a token.
    pub fn without_credential(&self, target: &str) -> String {
        let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, _)) if self.places.is_query_parameter(name) => format!("{name}=…"),
                _ => part.to_owned(),
            })
            .collect();
        format!("{path}?{}", parts.join("&"))
    }

    fn survey_authenticator(&self) -> Authenticator<'_> {
        Authenticator {
            issuers: &self.issuers,
            api_keys: self.api_keys.as_ref(),
            token_bytes: self.token_bytes,
        }
    }
}
