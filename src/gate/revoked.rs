//! Whether the host's store has taken a credential back that is otherwise good.

use alloc::boxed::Box;

use super::decide::{Decider, Identified, Outcome};
use super::refuse::Refused;
use super::step::{AwaitedOther, AwaitedRevocations, Waits};
use crate::error::{ApiKeyError, AuthError, ClockError, TokenError, WaitError};
use crate::limits::{LOOKUP_TURN_SECS, REVOKED_SECS, UNREVOKED_SECS};
use crate::memory::{Said, Turn};
use crate::revocation::{RevocationLookup, StoreKeys};
use crate::trace::Trace;
use crate::unverified::Unverified;

impl<T: Trace> Decider<'_, '_, T> {
    /// Goes on with a caller whose credential is good, unless the store says or may say that it was taken back.
    pub(super) fn unless_revoked(&mut self, identified: Identified<'_, '_>) -> Result<Outcome, Refused> {
        let parts = self.gate.parts();
        if !parts.revocations.lookup {
            return self.authorize(identified);
        }
        let Identified { routed, principal, .. } = &identified;
        let (credential, _) =
            parts.locations.find(&routed.request).map_err(|error| routed.refuse(self.gate, error))?;
        let keys = StoreKeys::of(credential.text(), principal);
        match self.state.memory.answer(&keys.digest(), self.now) {
            Some(Said::Yes) => self.authorize(identified),
            Some(Said::No | Said::Caller(_)) => {
                Err(self.refuse_revoked(&identified, TokenError::Revoked.into()))
            }
            None => match self.state.memory.turn(keys.digest(), self.now, LOOKUP_TURN_SECS) {
                Turn::Ask => Ok(Outcome::NeedsRevocations(self.awaited(identified, keys))),
                Turn::Wait => match self.tries.checked_sub(1) {
                    Some(tries) => {
                        let waits = Waits::Revocations(Box::new(self.awaited(identified, keys)));
                        Ok(Outcome::Waits(AwaitedOther { waits, tries, since: self.now }))
                    }
                    None => Err(self.refuse_revoked(&identified, WaitError::Revocations.into())),
                },
                Turn::Fail(error) => Err(self.refuse_revoked(&identified, error)),
            },
        }
    }

    fn awaited(&self, identified: Identified<'_, '_>, keys: StoreKeys) -> AwaitedRevocations {
        let Identified { routed, principal, location } = identified;
        AwaitedRevocations {
            request: routed.request.into_owned(),
            principal,
            location,
            keys,
            since: self.now,
        }
    }

    /// Looks again whether another decision has been told about the same credential.
    pub(super) fn revocations_again(&mut self, awaited: AwaitedRevocations) -> Result<Outcome, Refused> {
        let AwaitedRevocations { request, principal, location, .. } = awaited;
        let identified = Identified { routed: self.gate.routed(request), principal, location };
        // A proof may have ended while another waited.
        match identified.principal.validity.check(self.now) {
            Ok(()) => self.unless_revoked(identified),
            Err(error) => Err(self.refuse_revoked(&identified, error)),
        }
    }

    /// Goes on with what the store says.
    pub(super) fn revocations_found(
        &mut self,
        identified: Identified<'_, '_>,
        keys: &StoreKeys,
        found: &RevocationLookup<'_>,
    ) -> Result<Outcome, Refused> {
        let (now, principal) = (self.now, &identified.principal);
        let checked = ClockError::check(now)
            .map_err(AuthError::from)
            .and_then(|()| keys.check(found, principal))
            // A proof may have ended while the store was asked.
            .and_then(|()| principal.validity.check(now));
        let memory = &mut self.state.memory;
        match checked {
            Ok(()) => {
                memory.keep_answer(keys.digest(), Said::Yes, now, UNREVOKED_SECS);
                self.authorize(identified)
            }
            Err(error) => {
                match &error {
                    AuthError::Token(TokenError::Revoked) => {
                        memory.keep_answer(keys.digest(), Said::No, now, REVOKED_SECS);
                    }
                    // A key that is switched off is not a failure, but as long as one nobody need ask again.
                    AuthError::Wait(_) | AuthError::ApiKey(ApiKeyError::Disabled) => {
                        memory.keep_failure(keys.digest(), error.clone(), now);
                    }
                    _ => memory.land(&keys.digest()),
                }
                Err(self.refuse_revoked(&identified, error))
            }
        }
    }

    fn refuse_revoked(&mut self, identified: &Identified<'_, '_>, error: AuthError) -> Refused {
        let Identified { routed, location, .. } = identified;
        self.note_failure(routed, &error);
        let parts = self.gate.parts();
        let credential = parts.locations.find(&routed.request).ok();
        let unverified =
            credential.and_then(|(credential, _)| Unverified::of(&credential, parts.token_bytes));
        routed.refuse_presented(self.gate, *location, unverified, error)
    }
}
