//! Portcullis for JavaScript: what `js/index.js` calls.
//!
//! Structured values cross the boundary as JSON text, in either direction, in the shape that `js/index.d.ts` documents.
//! Whatever can be wrong with a request, a token or a configuration is such a value too: an exception that comes out of
//! this module is a defect, and `index.js` treats it as one.

mod document;
mod head;
mod lookup;
mod shown;
mod signatures;

use core::cell::Cell;
use core::mem;

use portcullis::api_key::{Pepper, RecordLookup, assemble};
use portcullis::limits::WAIT_MILLIS;
use portcullis::{
    HeaderPair, LiveGate, Need, Permission, Principal, Reason, Refresh, Reply, RevocationLookup, Step,
    UnixTime, Verdict,
};
use portcullis_config::api_key_record;
use portcullis_pending::{Notices, Pending, Refreshes};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::document::{Fault, Outcome, SentCall, Vouched, json};
use crate::head::{Head, Line};
use crate::lookup::{Lookup, SecretSource};
use crate::shown::Shown;
use crate::signatures::SignatureHost;

/// A compiled configuration, and the decisions that wait for `index.js`, each under a handle.
///
/// A class with a static factory: an object remembers the instance of the module that it was made in, and using it
/// after that instance has trapped is an error instead of a decision from broken memory.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    live: LiveGate,
    pending: Pending,
    refreshes: Refreshes,
    notices: Notices,
    /// The principals that `verify` has told of.
    shown: Shown<Principal>,
    /// What the last `verify` has to say.
    told: String,
    /// Whether the configuration limits what one client may do.
    limits_clients: bool,
}

#[wasm_bindgen]
impl Gate {
    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// Throws a list of what is wrong, as text.
    ///
    /// `seed` is any number that other gates do not have; `signatures` is whoever verifies signatures faster than this module.
    pub fn load(
        config: &str,
        secrets: &SecretSource,
        seed: f64,
        signatures: Option<SignatureHost>,
    ) -> Result<Self, String> {
        // The loader asks for clients only where a configuration tells them apart.
        let limits_clients = Cell::new(false);
        portcullis_config::load(
            config.as_bytes(),
            &Lookup { source: secrets, limits_clients: &limits_clients },
        )
        .map(|loaded| Self {
            live: LiveGate::new(
                match signatures {
                    Some(host) => loaded.gate.with_host_signatures(signatures::tested(host)),
                    None => loaded.gate,
                },
                seed.to_bits(),
            ),
            pending: Pending::default(),
            refreshes: Refreshes::default(),
            notices: Notices::default(),
            shown: Shown::new(),
            told: String::new(),
            limits_clients: limits_clients.get(),
        })
        .map_err(|errors| json(&errors.iter().map(Fault::new).collect::<Vec<_>>()))
    }

    /// Decides about a request: a verdict, or what is needed to decide. `line` and `head` are what [`Line`] and [`Head`]
    /// read; `now` is in milliseconds.
    pub fn decide(&mut self, line: &str, head: &[u8], now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let (Some(line), Some(head)) = (Line::parse(line), Head::parse(head)) else {
            return argument(NOT_A_REQUEST);
        };
        if self.limits_clients && head.client.is_none() {
            return argument(NO_CLIENT);
        }
        let step = head.decide(&line, |request| self.live.begin(request, now));
        self.step(&line, step)
    }

    /// Goes on, once, with the decision that waits for a record: its text or null, as JSON; nothing if it could not be had,
    /// and an empty text if there was nobody to ask.
    pub fn supply_record(&mut self, handle: &str, line: &str, now: f64, found: Option<String>) -> String {
        let need = self.pending.take_record(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        if found.as_deref() == Some(NOBODY) {
            return self.step(&line, need.supply(&RecordLookup::Unavailable, now));
        }
        let found = match found.as_deref().map(serde_json::from_str::<Option<String>>) {
            Some(Ok(Some(text))) => api_key_record(text.as_bytes()),
            Some(Ok(None)) => RecordLookup::NotFound,
            Some(Err(_)) | None => RecordLookup::Unavailable,
        };
        let step = self.live.supply_record(need, &found, now);
        self.step(&line, step)
    }

    /// Goes on, once, with the decision that waits for revocations: what is under each of their names, or null, as a list in
    /// JSON; nothing if they could not be had, and an empty text if there was nobody to ask.
    pub fn supply_revocations(
        &mut self,
        handle: &str,
        line: &str,
        now: f64,
        found: Option<String>,
    ) -> String {
        let need = self.pending.take_revocations(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        if found.as_deref() == Some(NOBODY) {
            let step = self.live.without_revocations(need);
            return self.step(&line, step);
        }
        let values = found.and_then(|found| serde_json::from_str::<Vec<Option<String>>>(&found).ok());
        let values = values.as_deref().map(|values| values.iter().map(Option::as_deref).collect::<Vec<_>>());
        let found = values.as_deref().map_or(RevocationLookup::Unavailable, RevocationLookup::Found);
        let step = self.live.supply_revocations(need, &found, now);
        self.step(&line, step)
    }

    /// Goes on, once, with the decision that waits for a body, or nothing if it could not be had.
    pub fn supply_body(&mut self, handle: &str, line: &str, now: f64, body: Option<Vec<u8>>) -> String {
        let need = self.pending.take_body(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        let step = self.live.supply_body(need, body.as_deref(), now);
        self.step(&line, step)
    }

    /// Goes on, once, with the decision that waits for the answer to a call: `head` is status and pairs of header name and
    /// value, as JSON; without a body there was no answer.
    pub fn supply_reply(
        &mut self,
        handle: &str,
        line: &str,
        now: f64,
        head: &str,
        body: Option<Vec<u8>>,
    ) -> String {
        let need = self.pending.take_call(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        let step = with_reply(head, body.as_deref(), |reply| self.live.supply_reply(need, reply, now));
        self.step(&line, step)
    }

    /// Looks again, once, whether another decision has found out what the one under `handle` waits for; `last` if there is
    /// nobody who could wait any longer.
    pub fn again(&mut self, handle: &str, line: &str, now: f64, last: bool) -> String {
        let need = self.pending.take_wait(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        let step = if last { self.live.give_up(need, now) } else { self.live.again(need, now) };
        self.step(&line, step)
    }

    /// The next fetch that is due, or none.
    pub fn due(&mut self, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let due = self.live.due(now);
        self.fetching(due)
    }

    /// Takes, once, what the fetch under `handle` has brought, as `supply_reply` does; the further one that follows, or none.
    pub fn refreshed(&mut self, handle: &str, now: f64, head: &str, body: Option<Vec<u8>>) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let refresh = self.refreshes.take(handle);
        let further = refresh.and_then(|refresh| {
            with_reply(head, body.as_deref(), |reply| self.live.refreshed(&refresh, reply, now))
        });
        self.fetching(further)
    }

    /// What has changed about the sources of keys since the last time, as a list of texts.
    pub fn notices(&mut self, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        json(&Outcome::Notices(self.notices.look(&self.live.sources(now))))
    }

    /// How the sources of keys are.
    pub fn sources(&self, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        json(&Outcome::Sources(self.live.sources(now)))
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        self.pending.release(handle);
    }

    /// Verifies a token. Says at which place there is an object of the principal that it proves; or, with [`NEWS`], that
    /// [`told`](Self::told) has to be asked.
    pub fn verify(&mut self, token: &[u8], now: f64) -> i32 {
        let Some(now) = seconds(now) else {
            self.told = argument(NOT_A_TIME);
            return NEWS;
        };
        // JavaScript encodes nothing else; if it did, it would be no token.
        let token = core::str::from_utf8(token).unwrap_or_default();
        let hits = self.live.memory().hits;
        self.told = match self.live.verify(token, now) {
            Ok(principal) => {
                if let Some(place) = self.shown.find(&principal) {
                    return i32::try_from(place).unwrap_or(NEWS);
                }
                // Most tokens that come twice come again.
                let is_remembered = self.live.memory().hits > hits;
                let place = is_remembered.then(|| self.shown.add(&principal));
                json(&Outcome::Principal(&principal, place))
            }
            Err(error) => json(&Outcome::Error { code: error.reason(), message: error.to_string() }),
        };
        NEWS
    }

    /// What the last `verify` has to say, once: a principal and its place, or why there is none.
    pub fn told(&mut self) -> String {
        mem::take(&mut self.told)
    }

    /// Whether the policy gives a principal, of which [`Vouched`] tells, a permission.
    pub fn can(&self, principal: &str, permission: &str) -> String {
        let Some(permission) = Permission::parse(permission) else {
            return argument("a permission is written `resource:action`");
        };
        match serde_json::from_str::<Vouched>(principal) {
            Ok(vouched) => {
                json(&Outcome::Can(self.live.gate().would_authorize(&vouched.caller(), &permission).is_ok()))
            }
            Err(_) => argument("not a principal of this gate"),
        }
    }

    fn fetching(&self, fetch: Option<Refresh>) -> String {
        let fetch = fetch.map(|refresh| {
            let call = SentCall::new(refresh.call());
            (self.refreshes.keep(refresh), call)
        });
        json(&Outcome::Fetch(fetch))
    }

    fn step(&self, line: &Line, step: Step) -> String {
        match step {
            Step::Verdict(verdict) => decided(line, &verdict),
            Step::Need(Need::ApiKeyRecord(need)) => {
                let key = need.store_key().to_string();
                let handle = self.pending.keep(Need::ApiKeyRecord(need));
                json(&Outcome::NeedsRecord { handle: &handle, key: &key })
            }
            Step::Need(Need::Revocations(need)) => {
                let keys = need.store_keys().to_vec();
                let handle = self.pending.keep(Need::Revocations(need));
                json(&Outcome::NeedsRevocations { handle: &handle, keys: &keys })
            }
            Step::Need(Need::Call(need)) => {
                let call = SentCall::new(need.call());
                let handle = self.pending.keep(Need::Call(need));
                json(&Outcome::NeedsCall { handle: &handle, call })
            }
            Step::Need(Need::Wait(need)) => {
                let handle = self.pending.keep(Need::Wait(need));
                json(&Outcome::NeedsWait { handle: &handle, millis: WAIT_MILLIS })
            }
            Step::Need(Need::Body(need)) => {
                let limit = need.limit();
                let handle = self.pending.keep(Need::Body(need));
                json(&Outcome::NeedsBody { handle: &handle, limit })
            }
        }
    }
}

/// What is supplied where nobody was asked: the next decision may have somebody, and must not be told of a failure.
const NOBODY: &str = "";

/// What `verify` answers if there is more to say than a place.
const NEWS: i32 = -1;

const NOT_A_TIME: &str = "the time is not a valid date since 1970";
const NO_CLIENT: &str = "this configuration limits what one client may do: pass the client's address as `clientAddress`, an IP address that you vouch for";
const NOT_A_REQUEST: &str =
    "a request is a method, a target and pairs of header name and value, all of them text";

fn decided(line: &Line, verdict: &Verdict) -> String {
    json(&Outcome::Decided { verdict, log: verdict.log_line(&line.method, &line.request_id) })
}

/// What becomes of a request whose decision does not wait here.
fn internal(line: &Line, now: UnixTime) -> Verdict {
    Verdict::refused(Reason::Internal, &line.request_id, now)
}

/// Makes an API key and its hash. `random` are uniformly random bytes.
#[wasm_bindgen]
pub fn create_api_key(env: &str, id: &str, pepper: &str, random: &[u8]) -> String {
    let Some(pepper) = Pepper::new(pepper.as_bytes()) else {
        return argument("the pepper is too short; make one with `openssl rand -hex 32`");
    };
    match assemble(env, id, random.iter().copied()) {
        Some(key) => json(&Outcome::ApiKey { hash: &pepper.hash(&key), key: &key }),
        None => argument("the environment and the identifier of a key are 1 to 64 letters and digits"),
    }
}

/// Calls `take` with the answer that JavaScript describes, if there was one.
fn with_reply<T>(head: &str, body: Option<&[u8]>, take: impl FnOnce(Option<&Reply<'_>>) -> T) -> T {
    let head = serde_json::from_str::<(u16, Vec<(String, String)>)>(head).ok();
    let (Some((status, headers)), Some(body)) = (head, body) else { return take(None) };
    let headers: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
    take(Some(&Reply { status, headers: &headers, body }))
}

fn argument(message: &str) -> String {
    json(&Outcome::Argument { message })
}

/// Milliseconds since the epoch as whole seconds; `None` for what is no time.
///
/// SECURITY: a time that were read as 1970 would bring every expired token back to life.
#[allow(clippy::as_conversions, reason = "the only conversion there is; the range is checked before")]
fn seconds(now: f64) -> Option<UnixTime> {
    (now.is_finite() && now >= 0.0).then(|| UnixTime::from_secs((now / 1000.0) as u64))
}
