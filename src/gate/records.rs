//! Records of API keys that stand in the host's store.

use alloc::string::ToString as _;
use alloc::sync::Arc;

use super::decide::{Decider, Identity, Routed};
use crate::api_key::{PresentedKey, RecordLookup};
use crate::credential::CredentialLocation;
use crate::error::{ApiKeyError, AuthError, ClockError};
use crate::limits::LOOKUP_TURN_SECS;
use crate::memory::{self, CredentialDigest, Turn};
use crate::principal::Principal;
use crate::reason::Reason;
use crate::trace::Trace;

/// What digests are made for.
const RECORDS: u8 = 6;

/// Under what is remembered what the store says of the record of `key`.
///
/// SECURITY: the key itself, and not the identifier in it, which is no secret: with that, anybody could have others wait.
fn digest(key: &PresentedKey) -> CredentialDigest {
    memory::digest(RECORDS, &key.hash().to_string())
}

impl<T: Trace> Decider<'_, '_, T> {
    /// Goes on with an API key whose record the store may have: that is asked unless it has just been.
    pub(super) fn need_record(
        &mut self,
        routed: &Routed<'_, '_>,
        key: PresentedKey,
        location: CredentialLocation,
    ) -> Result<Identity, AuthError> {
        let digest = digest(&key);
        if !self.state.one_store {
            return match self.state.memory.failed(&digest, self.now) {
                Some(error) => Err(error),
                None => Ok(Identity::NeedsRecord(key, location)),
            };
        }
        if let Some(found) = self.state.memory.record(&digest, self.now) {
            return self.with_record(routed, &key, location, &found);
        }
        match self.state.memory.turn(digest, self.now, LOOKUP_TURN_SECS) {
            Turn::Ask => Ok(Identity::NeedsRecord(key, location)),
            Turn::Wait => self.wait(|| ApiKeyError::Unavailable.into()),
            Turn::Fail(error) => Err(error),
        }
    }

    /// Goes on with what the store says.
    pub(super) fn record_found(
        &mut self,
        routed: &Routed<'_, '_>,
        key: &PresentedKey,
        location: CredentialLocation,
        found: &RecordLookup,
    ) -> Result<Identity, AuthError> {
        ClockError::check(self.now)?;
        let known = self.with_record(routed, key, location, found);
        let (digest, now, memory) = (digest(key), self.now, &mut self.state.memory);
        match &known {
            Err(error) if error.reason() == Reason::RecordsUnavailable => {
                memory.keep_failure(digest, error.clone(), now);
            }
            _ if self.state.one_store => memory.keep_record(digest, found.clone(), now),
            _ => {}
        }
        known
    }

    fn with_record(
        &mut self,
        routed: &Routed<'_, '_>,
        key: &PresentedKey,
        location: CredentialLocation,
        found: &RecordLookup,
    ) -> Result<Identity, AuthError> {
        match self.principal_of(key, found) {
            Ok(principal) => Ok(Identity::Principal(Arc::new(principal), location)),
            Err(error) => self.unrecorded(routed, error),
        }
    }

    fn principal_of(&self, key: &PresentedKey, found: &RecordLookup) -> Result<Principal, AuthError> {
        let parts = self.gate.parts();
        let api_keys = parts.api_keys.as_ref().ok_or(ApiKeyError::Unavailable)?;
        let principal = api_keys.check_found(key, found, self.now)?;
        parts.check_revoked(&self.state.sources, &principal, self.now)?;
        Ok(principal)
    }
}
