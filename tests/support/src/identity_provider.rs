//! An identity provider for tests: metadata, keys that rotate, introspection, a verify call, a who-am-I; and each of the
//! ways in which such a server fails.

mod answer;
mod fault;
mod keys;
mod server;
mod socket;
mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use anyhow::Result;
use portcullis::parts::BUNDLE_TYPE;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::origin::tokens::now_secs;

pub use fault::Fault;
use keys::Keys;
pub use keys::Signing;
pub use state::{Arrival, BUNDLE, CLIENT, INTROSPECT, KEYS, ME, METADATA, OBJECTS, Person, VERIFY};
use state::{State, lock};

/// A running identity provider; it ends when dropped.
///
/// Any other path than those above is answered 200 with `{"path", "authorization"}`, and a WebSocket with one message that
/// says the same: the server can be the origin behind the gate as well. Objects, which are at [`OBJECTS`] and one segment
/// more, are read by those to whom they were given, and are 404 to anybody else.
#[derive(Debug)]
pub struct IdentityProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl IdentityProvider {
    /// Starts one on a free port of the loopback interface, with one key of either kind: `ES256-1` and `RS256-1`.
    ///
    /// # Errors
    ///
    /// If there is no free port, or no thread to run it.
    pub fn start() -> Result<Self> {
        Self::start_with(&[Signing::Es256, Signing::Rs256])
    }

    /// The same with a key for each of `signing`: RSA keys take a second to make.
    ///
    /// # Errors
    ///
    /// As [`IdentityProvider::start`].
    pub fn start_with(signing: &[Signing]) -> Result<Self> {
        let mut keys = Keys::default();
        for signing in signing {
            keys.add(*signing)?;
        }
        let state = Arc::new(Mutex::new(State::new(keys)));
        let (stop, stopped) = oneshot::channel();
        let (address, thread) = server::start(Arc::clone(&state), stopped)?;
        Ok(Self { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name, which is also the beginning of all its URLs.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// Publishes one more key; its `kid`.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn add_key(&self, signing: Signing) -> Result<String> {
        self.state().keys.add(signing)
    }

    /// Publishes a new key in the place of all others of its kind; its `kid`. Tokens can be minted under the old ones still.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn rotate(&self, signing: Signing) -> Result<String> {
        let mut state = self.state();
        state.keys.retire(signing);
        state.keys.add(signing)
    }

    /// A token with exactly these claims under the key `kid`, published or not.
    ///
    /// # Errors
    ///
    /// If there never was such a key.
    pub fn mint(&self, kid: &str, claims: Value) -> Result<String> {
        self.state().keys.sign(kid, claims)
    }

    /// A token for `subject` under the key `kid`, valid for ten minutes: `iss`, `sub`, `user_id` for
    /// origins like AgentFlow, `role`, `iat` and `exp`.
    ///
    /// # Errors
    ///
    /// If there never was such a key.
    pub fn token(&self, kid: &str, subject: &str, role: &str) -> Result<String> {
        self.mint(kid, self.claims(subject, role))
    }

    /// The same under a new ES256 key that is not published, and never will be.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub fn forge(&self, kid: &str, subject: &str, role: &str) -> Result<String> {
        keys::sign_with_unpublished(kid, self.claims(subject, role))
    }

    /// The public half of the key `kid`, published or not.
    ///
    /// # Errors
    ///
    /// If there never was such a key.
    pub fn public_jwk(&self, kid: &str) -> Result<Value> {
        self.state().keys.public(kid)
    }

    /// A bundle of an hour with these members, under the key `kid`; `version` among them.
    ///
    /// # Errors
    ///
    /// If there never was such a key.
    pub fn bundle(&self, kid: &str, members: &Value) -> Result<String> {
        let now = now_secs();
        let mut payload = json!({"iat": now, "exp": now.saturating_add(3600)});
        if let (Some(payload), Some(members)) = (payload.as_object_mut(), members.as_object()) {
            payload.extend(members.clone());
        }
        self.state().keys.sign_as(BUNDLE_TYPE, kid, payload)
    }

    /// Publishes a text at [`BUNDLE`], to be kept for 30 seconds.
    pub fn publish_bundle(&self, text: &str) {
        text.clone_into(&mut self.state().bundle);
    }

    fn claims(&self, subject: &str, role: &str) -> Value {
        let now = now_secs();
        let end = now.saturating_add(600);
        json!({"iss": self.issuer(), "sub": subject, "user_id": subject, "role": role, "iat": now, "exp": end})
    }

    /// Makes a credential, a token or any other text, one of `person`.
    pub fn admit(&self, credential: &str, person: Person) {
        self.state().people.insert(credential.to_owned(), person);
    }

    /// Makes a credential unknown again.
    pub fn dismiss(&self, credential: &str) {
        self.state().people.remove(credential);
    }

    /// Lets whoever has `credential` read the object `id`.
    pub fn give(&self, id: &str, credential: &str) {
        self.state().owners.entry(format!("{OBJECTS}{id}")).or_default().insert(credential.to_owned());
    }

    /// Answers a GET of `path` with `document` from now on: what Workers KV has under a key, for example.
    pub fn store(&self, path: &str, document: Value) {
        self.state().documents.insert(path.to_owned(), document);
    }

    /// Lets every path fail in this way, until [`IdentityProvider::recover`].
    pub fn fail(&self, fault: Fault) {
        self.fail_at(server::EVERYWHERE, fault);
    }

    /// Lets one path fail in this way, until [`IdentityProvider::recover`].
    pub fn fail_at(&self, path: &str, fault: Fault) {
        self.state().faults.insert(path.to_owned(), fault);
    }

    /// Ends all faults.
    pub fn recover(&self) {
        self.state().faults.clear();
    }

    /// How many requests have come for `path`, whatever became of them. One that is cut off before it is read does not
    /// count.
    pub fn requests(&self, path: &str) -> usize {
        self.state().requests.get(path).copied().unwrap_or_default()
    }

    /// The last request for `path` that was read to its end.
    pub fn last_arrival(&self, path: &str) -> Option<Arrival> {
        self.state().arrivals.get(path).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        // Its thread may have ended by itself; nobody is left to tell.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
