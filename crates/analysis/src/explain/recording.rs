//! What the gate did with one request, written down while it did it.

use portcullis::jose::ClaimCheck;
use portcullis::parts::{Origin, Request, Route, Upgrade, WEBSOCKET};
use portcullis::trace::{Event, Trace};
use portcullis::{CredentialLocation, Gate};

use super::asked::Asked;
use super::binding::ComparedBinding;
use super::issuer::{IssuerAt, KeyAt};
use super::presented::{Presented, PresentedToken};

/// A head as the gate read it.
#[derive(Debug, Clone)]
pub(crate) struct ReadHead {
    /// The method that a route was looked for by; `WEBSOCKET` for an upgrade.
    pub(crate) method: String,
    /// Whether it is a CORS preflight that asks about that method.
    pub(crate) is_preflight: bool,
    /// What it wants its connection to become.
    pub(crate) upgrade: Upgrade,
    /// The origin whose script it is from, if it names one.
    pub(crate) origin: Option<String>,
}

impl ReadHead {
    fn of(request: &Request<'_>) -> Self {
        Self {
            method: if request.is_websocket() { WEBSOCKET.to_owned() } else { text(request.method()) },
            is_preflight: false,
            upgrade: request.upgrade(),
            origin: match request.origin() {
                Origin::One(origin) => Some(text(origin)),
                Origin::Absent | Origin::Several => None,
            },
        }
    }

    /// Whether it asks for a WebSocket.
    pub(crate) fn is_websocket(&self) -> bool {
        self.upgrade == Upgrade::WebSocket
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Everything the gate did.
#[derive(Debug)]
pub(crate) struct Recording<'g> {
    gate: &'g Gate,
    /// `None` if it could not be read.
    pub(crate) head: Option<ReadHead>,
    /// The routes that serve the request; beneath that of a WebSocket, the GET route.
    routes: Vec<&'g Route>,
    /// Where something stands that may be a credential; a place occurs as often as it holds one.
    pub(crate) locations: Vec<CredentialLocation>,
    /// The credential that was looked at.
    pub(crate) credential: Option<Presented>,
    /// The issuer whose keys were tried.
    pub(crate) issuer: Option<IssuerAt<'g>>,
    /// The keys that were tried.
    pub(crate) tried: Vec<KeyAt<'g>>,
    /// The key that verified the signature.
    pub(crate) verified_by: Option<KeyAt<'g>>,
    /// The checks that the claims passed, in the order they were made.
    pub(crate) passed: Vec<ClaimCheck>,
    /// What the configuration calls the key that the origin gets.
    pub(crate) origin_key: Option<String>,
    /// The bindings that were compared.
    pub(crate) bindings: Vec<ComparedBinding>,
    /// Who was asked.
    pub(crate) asked: Vec<Asked>,
    /// Whether a host would look the credential up in its store of revocations.
    pub(crate) leaves_revocations: bool,
}

impl<'g> Recording<'g> {
    pub(crate) fn new(gate: &'g Gate) -> Self {
        Self {
            gate,
            head: None,
            routes: Vec::new(),
            locations: Vec::new(),
            credential: None,
            issuer: None,
            tried: Vec::new(),
            verified_by: None,
            passed: Vec::new(),
            origin_key: None,
            bindings: Vec::new(),
            asked: Vec::new(),
            leaves_revocations: false,
        }
    }

    /// The token that was looked at, if it was one.
    pub(crate) fn token(&self) -> Option<&PresentedToken> {
        match &self.credential {
            Some(Presented::Token(token)) => Some(token),
            Some(Presented::ApiKey { .. }) | None => None,
        }
    }

    /// The route that serves the request.
    pub(crate) fn route(&self) -> Option<&'g Route> {
        let is_websocket = self.head.as_ref().is_some_and(ReadHead::is_websocket);
        self.routes.iter().copied().find(|route| !is_websocket || route.method == WEBSOCKET)
    }

    /// The GET route beneath the route of a WebSocket.
    pub(crate) fn beneath(&self) -> Option<&'g Route> {
        let route = self.route()?;
        self.routes.iter().copied().find(|other| other.text != route.text)
    }

    fn key(&self, position: usize) -> Option<KeyAt<'g>> {
        self.issuer.and_then(|issuer| issuer.key(position))
    }

    fn record(&mut self, event: Event<'_>) {
        let parts = self.gate.parts();
        match event {
            Event::Request(request) => self.head = Some(ReadHead::of(request)),
            Event::Preflight(method) => {
                if let Some(head) = &mut self.head {
                    (head.method, head.is_preflight) = (text(method), true);
                }
            }
            Event::Route(route) => {
                self.routes.extend(parts.policy.routes.iter().find(|own| own.text == route.text));
            }
            Event::Presented(locations) => self.locations = locations,
            Event::Token { text } => {
                self.credential = Some(Presented::Token(PresentedToken::read(text, parts.token_bytes)));
            }
            Event::ApiKey { id } => {
                self.credential = Some(Presented::ApiKey { id: id.map(str::to_owned) });
            }
            Event::Issuer { index } => self.issuer = IssuerAt::all(self.gate).nth(index),
            Event::KeysTried { positions } => {
                self.tried = positions.into_iter().filter_map(|position| self.key(position)).collect();
            }
            Event::KeyVerified { position } => self.verified_by = self.key(position),
            Event::Claim(check) => self.passed.push(check),
            Event::OriginKey(assigned) => self.origin_key = Some(assigned.name.clone()),
            Event::Binding { binding, reading, principal, holds } => {
                let locations = &parts.locations;
                self.bindings.push(ComparedBinding::new(binding, reading, principal, holds, locations));
            }
        }
    }
}

impl Trace for Recording<'_> {
    fn event<'e>(&mut self, make: impl FnOnce() -> Event<'e>) {
        self.record(make());
    }
}
