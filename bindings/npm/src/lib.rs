//! Portcullis for JavaScript: what `js/index.js` calls.
//!
//! Structured values cross the boundary as JSON text, in either direction, in the shape that `js/index.d.ts` documents.
//! Whatever can be wrong with a request, a token or a configuration is such a value too: an exception that comes out of
//! this module is a defect, and `index.js` treats it as one.

mod document;
mod head;
mod supply;

use portcullis::api_key::{Pepper, assemble};
use portcullis::{Need, Permission, Secrets, Step, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::document::{Fault, NeedDocument, Outcome, PrincipalDocument, VerdictDocument, json};
use crate::head::Head;
use crate::supply::Supplies;

#[wasm_bindgen]
extern "C" {
    /// The secrets that `index.js` was given.
    pub type SecretSource;

    /// The secret `name`, if it is a text; never throws.
    #[wasm_bindgen(method)]
    fn get(this: &SecretSource, name: &str) -> Option<String>;
}

/// A compiled configuration.
///
/// A class with a static factory: an object remembers the instance of the module that it was made in, and using it
/// after that instance has trapped is an error instead of a decision from broken memory.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gate(portcullis::Gate);

#[wasm_bindgen]
impl Gate {
    /// Compiles a configuration.
    ///
    /// # Errors
    ///
    /// Throws a list of what is wrong, as text.
    pub fn load(config: &str, secrets: &SecretSource) -> Result<Self, String> {
        portcullis::Gate::load(config.as_bytes(), &Lookup(secrets))
            .map(Self)
            .map_err(|errors| json(&errors.iter().map(Fault::new).collect::<Vec<_>>()))
    }

    /// Decides about a request with what it was found to need so far: a verdict, or what is needed to decide. `now` is in
    /// milliseconds; `supplies` is a list of answers to the needs so far, empty to begin with.
    pub fn decide(&self, head: &str, now: f64, supplies: &str) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        let Some(head) = Head::parse(head) else {
            return argument(
                "a request is a method, a target and pairs of header name and value, all of them text",
            );
        };
        let Some(supplies) = Supplies::parse(supplies) else {
            return argument("a record or a body is something that cannot be handed over");
        };
        match head.decide(|request| self.0.resume(request, now, &supplies.list())) {
            Step::Verdict(verdict) => json(&Outcome::Verdict(VerdictDocument::new(&verdict, &head))),
            Step::Need(Need::ApiKeyRecord { id }) => {
                json(&Outcome::Needed(NeedDocument::ApiKeyRecord { id: &id }))
            }
            Step::Need(Need::Body { limit }) => json(&Outcome::Needed(NeedDocument::Body { limit })),
        }
    }

    /// The principal that a token proves, or why it proves none.
    pub fn verify(&self, token: &str, now: f64) -> String {
        let Some(now) = seconds(now) else { return argument(NOT_A_TIME) };
        match self.0.verify(token, now) {
            Ok(principal) => json(&Outcome::Principal(PrincipalDocument::new(&principal))),
            Err(error) => json(&Outcome::Error { code: error.reason(), message: error.to_string() }),
        }
    }

    /// Whether the policy gives a principal, in the text that this module wrote, a permission.
    pub fn can(&self, principal: &str, permission: &str) -> String {
        let Some(permission) = Permission::parse(permission) else {
            return argument("a permission is written `resource:action`");
        };
        match serde_json::from_str::<PrincipalDocument>(principal) {
            Ok(document) => json(&Outcome::Can(self.0.authorize(&document.principal(), &permission).is_ok())),
            Err(_) => argument("not a principal of this gate"),
        }
    }
}

const NOT_A_TIME: &str = "the time is not a valid date since 1970";

/// Makes an API key and its hash. `random` are uniformly random octets.
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

    fn remedy(&self, name: &str) -> String {
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
