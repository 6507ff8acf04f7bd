//! The core on this machine: every call of it that decides about a request, in one place.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use portcullis::api_key::RecordLookup;
use portcullis::trace::HypotheticalCaller;
pub use portcullis::{Decision, Response, Verdict};
use portcullis::{Gate, HeaderPair, LiveGate, Need, Reason, RequestHead, RevocationLookup, Step, UnixTime};
use portcullis_config::{RecordStore, Secrets};

/// What a decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The record of an API key, or a revocation, by what a store knows it by.
    ApiKeyRecord(String),
    /// The body of the request, up to a limit in bytes.
    Body(usize),
}

/// What a host finds out.
#[derive(Debug, Clone, Copy)]
pub enum Supply<'s> {
    /// The record, or the revocation, as stored, or that there is none.
    ApiKeyRecord(Option<&'s [u8]>),
    /// The body of the request.
    Body(&'s [u8]),
    /// It could not be found out.
    Unavailable,
}

/// A request head to show to a gate.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method as on the wire.
    pub method: &'a [u8],
    /// Path and query as on the wire.
    pub target: &'a [u8],
    /// Every header line, in order.
    pub headers: &'a [(Vec<u8>, Vec<u8>)],
    /// By what the host knows the request.
    pub request_id: &'a str,
}

/// A gate that the core made of a configuration.
#[derive(Debug)]
pub struct Native {
    gate: Gate,
    /// The same with what it has learned from all requests so far.
    live: Mutex<LiveGate>,
}

/// What a policy says of a route and a caller, bindings aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The reason with which it refuses, if it does.
    pub refused: Option<&'static str>,
    /// Whether the origin is asked whose something is that the request names.
    pub asks: bool,
}

/// Secrets by name, and where one that is missing belongs.
struct Named<'s> {
    secrets: &'s BTreeMap<String, String>,
    place: &'s str,
}

impl Secrets for Named<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.secrets.get(name).cloned()
    }

    fn hint(&self, name: &str) -> String {
        format!("add {name} to {}", self.place)
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

impl Native {
    /// Makes a gate. `place` is where the operator adds a secret that is missing.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration, an error a line.
    pub fn load(config: &[u8], secrets: &BTreeMap<String, String>, place: &str) -> Result<Self, String> {
        let loaded = portcullis_config::load(config, &Named { secrets, place });
        loaded.map(|loaded| Self::new(loaded.gate)).map_err(|errors| errors.to_string())
    }

    fn new(gate: Gate) -> Self {
        let live = Mutex::new(LiveGate::new(gate.clone(), 0).with_one_store());
        Self { gate, live }
    }

    /// The verdicts of gates that remember: of one that has just begun, of the same when the request comes again, and of one
    /// that has decided about all requests before. Nobody answers their calls, and there is no store of records.
    pub fn remembering<'s>(
        &self,
        head: &Head<'_>,
        now: u64,
        body: &[u8],
        records: &dyn Fn(&str) -> Supply<'s>,
    ) -> [Verdict; 3] {
        let mut fresh = LiveGate::new(self.gate.clone(), 0).with_one_store();
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, second) = (
            decide_live(&mut fresh, head, now, body, records),
            decide_live(&mut fresh, head, now, body, records),
        );
        [first, second, decide_live(&mut live, head, now, body, records)]
    }

    /// The answer while no configuration could be loaded.
    pub fn config_invalid(request_id: &str, now: u64) -> Verdict {
        Verdict::refused(Reason::ConfigInvalid, request_id, UnixTime::from_secs(now))
    }

    /// What the policy says of `route`, as it is written, for somebody with exactly these `roles`; for nobody at all without.
    pub fn access(&self, route: &str, roles: Option<&[&str]>) -> Access {
        let caller = match roles {
            Some(roles) => HypotheticalCaller::with_roles(roles),
            None => HypotheticalCaller::anonymous(),
        };
        let Some(route) = self.gate.parts().policy.routes.iter().find(|known| known.text == route) else {
            return Access { refused: Some(Reason::RouteUnknown.code()), asks: false };
        };
        let permitted = self.gate.would_permit(route, &caller);
        let refused = permitted.err().map(|error| error.reason().code());
        Access { refused, asks: route.bindings.iter().any(|binding| binding.asks()) }
    }

    /// Whether it accepts a token, on its own.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn verify(&self, token: &str, now: u64) -> Result<(), String> {
        self.gate.verify(token, UnixTime::from_secs(now)).map(drop).map_err(|error| error.to_string())
    }

    /// Decides, and asks `supply` for everything that the decision needs.
    ///
    /// # Errors
    ///
    /// What `supply` returns.
    pub fn decide<'s, E>(
        &self,
        head: &Head<'_>,
        now: u64,
        mut supply: impl FnMut(&Wanted) -> Result<Supply<'s>, E>,
    ) -> Result<Verdict, E> {
        let pairs: Vec<_> = head.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let head = RequestHead::new(head.method, head.target, &pairs).with_request_id(head.request_id);
        let now = UnixTime::from_secs(now);
        let mut step = self.gate.begin(&head, now);
        loop {
            step = match step {
                Step::Verdict(verdict) => return Ok(verdict),
                Step::Need(Need::ApiKeyRecord(need)) => {
                    let found = match supply(&Wanted::ApiKeyRecord(need.store_key().to_owned()))? {
                        Supply::ApiKeyRecord(Some(text)) => portcullis_config::api_key_record(text),
                        Supply::ApiKeyRecord(None) => RecordLookup::NotFound,
                        Supply::Body(_) | Supply::Unavailable => RecordLookup::Unavailable,
                    };
                    need.supply(&found, now)
                }
                Step::Need(Need::Revocations(need)) => {
                    let keys = need.store_keys().iter();
                    let found = keys.map(|key| supply(&Wanted::ApiKeyRecord(key.clone())));
                    let found = found.collect::<Result<Vec<_>, E>>()?;
                    with_revocations(&found, |found| need.supply(found, now))
                }
                Step::Need(Need::Call(need)) => need.unavailable(),
                Step::Need(Need::Wait(need)) => need.unavailable(),
                Step::Need(Need::Body(need)) => Step::Verdict(match supply(&Wanted::Body(need.limit()))? {
                    Supply::Body(body) => need.supply(body, now),
                    Supply::ApiKeyRecord(_) | Supply::Unavailable => need.unavailable(now),
                }),
            };
        }
    }
}

/// The verdict of a gate that learns, where its calls are not answered.
fn decide_live<'s>(
    gate: &mut LiveGate,
    head: &Head<'_>,
    now: u64,
    body: &[u8],
    records: &dyn Fn(&str) -> Supply<'s>,
) -> Verdict {
    let pairs: Vec<_> = head.headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
    let head = RequestHead::new(head.method, head.target, &pairs).with_request_id(head.request_id);
    let now = UnixTime::from_secs(now);
    let mut step = gate.begin(&head, now);
    loop {
        step = match step {
            Step::Verdict(verdict) => return verdict,
            Step::Need(Need::ApiKeyRecord(need)) => {
                let found = match records(need.store_key()) {
                    Supply::ApiKeyRecord(Some(text)) => portcullis_config::api_key_record(text),
                    Supply::ApiKeyRecord(None) => RecordLookup::NotFound,
                    Supply::Body(_) | Supply::Unavailable => RecordLookup::Unavailable,
                };
                gate.supply_record(need, &found, now)
            }
            Step::Need(Need::Revocations(need)) => {
                let found: Vec<_> = need.store_keys().iter().map(|key| records(key)).collect();
                with_revocations(&found, |found| gate.supply_revocations(need, found, now))
            }
            Step::Need(Need::Call(need)) => gate.supply_reply(need, None, now),
            Step::Need(Need::Wait(need)) => gate.give_up(need, now),
            Step::Need(Need::Body(need)) => gate.supply_body(need, Some(body), now),
        };
    }
}

/// Calls `go_on` with what was found under the names of revocations; if one could not be read, none could.
fn with_revocations(found: &[Supply<'_>], go_on: impl FnOnce(&RevocationLookup<'_>) -> Step) -> Step {
    let values = found.iter().map(|supply| match supply {
        Supply::ApiKeyRecord(value) => value.map(core::str::from_utf8).transpose().ok(),
        Supply::Body(_) | Supply::Unavailable => None,
    });
    match values.collect::<Option<Vec<_>>>() {
        Some(values) => go_on(&RevocationLookup::Found(&values)),
        None => go_on(&RevocationLookup::Unavailable),
    }
}
