//! What a gate has learned: beside the gate, which never changes.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;

use crate::authenticator::Checked;
use crate::credential::Credential;
use crate::error::{AuthError, ClockError};
use crate::limits::MEMORY_TOKEN_BYTES;
use crate::memory::{self, Memory, Verified};
use crate::principal::Principal;
use crate::shared::{Given, SharedCounters, SharedName};
use crate::sources::Sources;
use crate::time::UnixTime;
use crate::trace::Trace;

use super::parts::Gate;

/// What digests of verified tokens are made for.
pub(super) const TOKENS: u8 = 0;

/// What a gate has learned while it runs.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) sources: Sources,
    pub(super) memory: Memory,
    /// Whether all decisions look records of API keys up in one store.
    pub(super) one_store: bool,
    /// What is shared with other instances, if anything is.
    pub(super) sharing: Option<Sharing>,
}

/// A cache that the instances of a host share.
#[derive(Debug, Clone)]
pub(super) struct Sharing {
    /// What answers depend on besides the configuration.
    pub(super) place: String,
    /// The last answer, until the host takes it: its name, and for how many seconds it counts.
    pub(super) given: Option<(SharedName, Given, u64)>,
    pub(super) counters: SharedCounters,
}

impl Sharing {
    pub(super) fn new(place: &str) -> Self {
        Self { place: place.to_owned(), given: None, counters: SharedCounters::default() }
    }

    pub(super) fn count(&mut self, hit: bool) {
        let counter = if hit { &mut self.counters.hits } else { &mut self.counters.misses };
        *counter = counter.saturating_add(1);
    }
}

impl State {
    /// Of a gate that has just begun. `seed` spreads the fetches of many.
    pub(super) fn new(gate: &Gate, seed: u64) -> Self {
        let parts = gate.parts();
        let memory = Memory::new(parts.memory);
        Self { sources: Sources::new(parts.rules(), seed), memory, one_store: false, sharing: None }
    }

    /// Checks a credential, unless it is a token that is known to be good.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(super) fn check(
        &mut self,
        gate: &Gate,
        credential: &Credential<'_>,
        now: UnixTime,
        trace: &mut impl Trace,
    ) -> Result<Checked, AuthError> {
        let remembers = gate.parts().memory.entries > 0;
        let digest = match credential {
            Credential::Token(text) if remembers && text.len() <= MEMORY_TOKEN_BYTES => {
                memory::digest(TOKENS, text)
            }
            _ => return gate.authenticator(&self.sources).authenticate(credential, now, trace),
        };
        let sources = &self.sources;
        let is_current = |source, generation| sources.is_current(source, generation, now);
        if let Some(principal) = self.memory.token(&digest, is_current) {
            // Everything else about it is as it was; what time does to it is looked at every time.
            if let Err(error) = principal.validity.check(now) {
                self.memory.forget_token(&digest);
                return Err(error);
            }
            return Ok(Checked::Principal { principal, source: None });
        }
        let checked = gate.authenticator(sources).authenticate(credential, now, trace)?;
        if let Checked::Principal { principal, source } = &checked {
            let keys = source.map(|source| (source, self.sources.generation(source)));
            self.memory.keep_token(digest, Verified { principal: Arc::clone(principal), keys });
        }
        Ok(checked)
    }

    /// The principal a bearer token proves, to somebody who asks about the token alone.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub(super) fn verify(
        &mut self,
        gate: &Gate,
        token: &str,
        now: UnixTime,
    ) -> Result<Arc<Principal>, AuthError> {
        ClockError::check(now)?;
        gate.parts().check_credential(&self.sources, token, now)?;
        let checked = self.check(gate, &Credential::Token(token.into()), now, &mut ())?;
        gate.vouch(&self.sources, checked, now)
    }

    /// Of a gate that learns nothing.
    pub(super) fn none() -> Self {
        Self { sources: Sources::default(), memory: Memory::none(), one_store: false, sharing: None }
    }
}
