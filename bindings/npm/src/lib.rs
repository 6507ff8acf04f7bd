//! Portcullis for JavaScript: what `js/index.js` calls.
//!
//! Structured values cross the boundary as JSON text, in either direction, in the shape that `js/index.d.ts` documents.
//! Whatever can be wrong with a request, a token or a configuration is such a value too: an exception that comes out of
//! this module is a defect, and `index.js` treats it as one.

mod document;
mod head;

use portcullis::api_key::{Pepper, RecordLookup, assemble};
use portcullis::{Need, Permission, Reason, Step, UnixTime, Verdict};
use portcullis_config::{Secrets, api_key_record};
use portcullis_pending::Pending;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::document::{Fault, Outcome, Vouched, json};
use crate::head::{Head, Line};

#[wasm_bindgen]
extern "C" {
    /// The secrets that `index.js` was given.
    pub type SecretSource;

    /// The secret `name`, if it is a text; never throws.
    #[wasm_bindgen(method)]
    fn get(this: &SecretSource, name: &str) -> Option<String>;
}

/// A compiled configuration, and the decisions that wait for `index.js`, each under a handle.
///
/// A class with a static factory: an object remembers the instance of the module that it was made in, and using it
/// after that instance has trapped is an error instead of a decision from broken memory.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate {
    gate: portcullis::Gate,
    pending: Pending,
}

#[wasm_bindgen]
impl Gate {
    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// Throws a list of what is wrong, as text.
    pub fn load(config: &str, secrets: &SecretSource) -> Result<Self, String> {
        portcullis_config::load(config.as_bytes(), &Lookup(secrets))
            .map(|loaded| Self { gate: loaded.gate, pending: Pending::default() })
            .map_err(|errors| json(&errors.iter().map(Fault::new).collect::<Vec<_>>()))
    }

    /// Decides about a request: a verdict, or what is needed to decide. `line` and `head` are what [`Line`] and [`Head`]
    /// read; `now` is in milliseconds.
    pub fn decide(&self, line: &str, head: &str, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let (Some(line), Some(head)) = (Line::parse(line), Head::parse(head)) else {
            return argument(NOT_A_REQUEST);
        };
        let step = head.decide(&line, |request| self.gate.begin(request, now));
        self.step(&line, step)
    }

    /// Goes on, once, with the decision that waits for a record: its text or null, as JSON, or nothing if it could not be
    /// had.
    pub fn supply_record(&self, handle: &str, line: &str, now: f64, found: Option<String>) -> String {
        let need = self.pending.take_record(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let Some(need) = need else { return decided(&line, &internal(&line, now)) };
        let found = match found.as_deref().map(serde_json::from_str::<Option<String>>) {
            Some(Ok(Some(text))) => api_key_record(text.as_bytes()),
            Some(Ok(None)) => RecordLookup::NotFound,
            Some(Err(_)) | None => RecordLookup::Unavailable,
        };
        self.step(&line, need.supply(&found, now))
    }

    /// Goes on, once, with the decision that waits for a body, or nothing if it could not be had.
    pub fn supply_body(&self, handle: &str, line: &str, now: f64, body: Option<Vec<u8>>) -> String {
        let need = self.pending.take_body(handle);
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(line) = Line::parse(line) else { return argument(NOT_A_REQUEST) };
        let verdict = match (need, body) {
            (Some(need), Some(bytes)) => need.supply(&bytes, now),
            (Some(need), None) => need.unavailable(now),
            (None, _) => internal(&line, now),
        };
        decided(&line, &verdict)
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        self.pending.release(handle);
    }

    /// The principal that a token proves, or why it proves none.
    pub fn verify(&self, token: &str, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        match self.gate.verify(token, now) {
            Ok(principal) => json(&Outcome::Principal(&principal)),
            Err(error) => json(&Outcome::Error { code: error.reason(), message: error.to_string() }),
        }
    }

    /// Whether the policy gives a principal, of which [`Vouched`] tells, a permission.
    pub fn can(&self, principal: &str, permission: &str) -> String {
        let Some(permission) = Permission::parse(permission) else {
            return argument("a permission is written `resource:action`");
        };
        match serde_json::from_str::<Vouched>(principal) {
            Ok(vouched) => {
                json(&Outcome::Can(self.gate.would_authorize(&vouched.caller(), &permission).is_ok()))
            }
            Err(_) => argument("not a principal of this gate"),
        }
    }

    fn step(&self, line: &Line, step: Step) -> String {
        match step {
            Step::Verdict(verdict) => decided(line, &verdict),
            Step::Need(Need::ApiKeyRecord(need)) => {
                let key = need.store_key().to_string();
                let handle = self.pending.keep(Need::ApiKeyRecord(need));
                json(&Outcome::NeedsRecord { handle: &handle, key: &key })
            }
            Step::Need(Need::Call(need)) => self.step(line, need.unavailable()),
            Step::Need(Need::Wait(need)) => self.step(line, need.unavailable()),
            Step::Need(Need::Body(need)) => {
                let limit = need.limit();
                let handle = self.pending.keep(Need::Body(need));
                json(&Outcome::NeedsBody { handle: &handle, limit })
            }
        }
    }
}

const NOT_A_TIME: &str = "the time is not a valid date since 1970";
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

/// Secrets from JavaScript.
struct Lookup<'a>(&'a SecretSource);

impl Secrets for Lookup<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name)
    }

    fn hint(&self, name: &str) -> String {
        format!("put {name} into the secrets given to Gate.load")
    }
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
