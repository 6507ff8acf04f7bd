//! What an identity provider is asked by, and has been asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::fault::Fault;
use super::keys::Keys;
use crate::origin::tokens::now_secs;

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
/// Below this, one segment more, are objects.
pub const OBJECTS: &str = "/v3/collections/";

/// Where its bundle is: what [`IdentityProvider::publish_bundle`](super::IdentityProvider::publish_bundle) was given last.
pub const BUNDLE: &str = "/gate.jws";

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
pub(super) struct State {
    pub(super) keys: Keys,
    pub(super) bundle: String,
    pub(super) people: BTreeMap<String, Person>,
    pub(super) faults: BTreeMap<String, Fault>,
    pub(super) requests: BTreeMap<String, usize>,
    /// The credentials that may read an object, by its path.
    pub(super) owners: BTreeMap<String, BTreeSet<String>>,
    /// What else there is to read, by path.
    pub(super) documents: BTreeMap<String, Value>,
    /// The last request for each path.
    pub(super) arrivals: BTreeMap<String, Arrival>,
}

impl State {
    /// Of a server that has been asked nothing.
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            keys,
            bundle: String::new(),
            people: BTreeMap::new(),
            faults: BTreeMap::new(),
            requests: BTreeMap::new(),
            owners: BTreeMap::new(),
            documents: BTreeMap::new(),
            arrivals: BTreeMap::new(),
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The body, whole.
    pub body: Vec<u8>,
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing that holds this lock can panic halfway through a change.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
