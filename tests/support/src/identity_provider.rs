//! An identity provider for tests: metadata, keys that rotate, introspection, a verify call, a who-am-I; and each of the
//! ways in which such a server fails.

mod answer;
mod fault;
mod keys;
mod server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::origin::tokens::now_secs;

pub use fault::Fault;
use keys::Keys;
pub use keys::Signing;

/// Where its metadata are: OpenID Connect Discovery.
pub const METADATA: &str = "/.well-known/openid-configuration";
/// Where its keys are.
pub const KEYS: &str = "/keys";
/// Introspection as of RFC 7662: a form with `token`, and HTTP Basic authentication as [`CLIENT`].
pub const INTROSPECT: &str = "/introspect";
/// The verify call of the AgentFlow guide: `{"token": …}` is answered with `{"user_id", "role"}`, or with 401.
pub const VERIFY: &str = "/verify";
/// Who the caller is, by its `Authorization`: `{"results": {"id", "email", "is_superuser", "is_active"}}`, or 401.
pub const ME: &str = "/me";

/// Name and secret of the only client that may introspect.
pub const CLIENT: (&str, &str) = ("portcullis", "a secret of the test client: 0123456789");

/// Whom a credential belongs to.
#[derive(Debug, Clone)]
pub struct Person {
    /// The identifier: `sub`, `user_id` or `id`.
    pub id: String,
    /// The role that `/verify` names.
    pub role: String,
    /// What `/me` says.
    pub is_superuser: bool,
    /// What `/me` and introspection say.
    pub is_active: bool,
    /// The scopes that introspection names, with spaces between them.
    pub scope: String,
    /// The end of the credential, in seconds since the epoch.
    pub expires_at: u64,
}

impl Person {
    /// An ordinary, active person with a credential that is good for ten minutes.
    pub fn new(id: &str, role: &str) -> Self {
        Self {
            id: id.to_owned(),
            role: role.to_owned(),
            is_superuser: false,
            is_active: true,
            scope: String::new(),
            expires_at: now_secs().saturating_add(600),
        }
    }
}

/// What the server is asked by and has been asked.
#[derive(Debug)]
struct State {
    keys: Keys,
    people: BTreeMap<String, Person>,
    faults: BTreeMap<String, Fault>,
    requests: BTreeMap<String, usize>,
}

/// A running identity provider; it ends when dropped.
///
/// Any other path than those above is answered 200 with `{"path", "authorization"}`: the server can be the origin behind the
/// gate as well.
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
        let mut keys = Keys::default();
        keys.add(Signing::Es256)?;
        keys.add(Signing::Rs256)?;
        let (people, faults, requests) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let state = Arc::new(Mutex::new(State { keys, people, faults, requests }));
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
        let now = now_secs();
        let end = now.saturating_add(600);
        self.mint(kid, json!({"iss": self.issuer(), "sub": subject, "user_id": subject, "role": role, "iat": now, "exp": end}))
    }

    /// Makes a credential, a token or any other text, one of `person`.
    pub fn admit(&self, credential: &str, person: Person) {
        self.state().people.insert(credential.to_owned(), person);
    }

    /// Makes a credential unknown again.
    pub fn dismiss(&self, credential: &str) {
        self.state().people.remove(credential);
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

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing that holds this lock can panic halfway through a change.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
