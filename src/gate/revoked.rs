//! Whether the host's store has taken a credential back that is otherwise good.

use super::decide::{Decider, Identified, Outcome};
use super::refuse::Refused;
use super::step::AwaitedRevocations;
use crate::error::{AuthError, ClockError, TokenError};
use crate::limits::{REVOKED_SECS, UNREVOKED_SECS};
use crate::memory::Said;
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
            None => {
                let Identified { routed, principal, location } = identified;
                let request = routed.request.into_owned();
                let since = self.now;
                Ok(Outcome::NeedsRevocations(AwaitedRevocations {
                    request,
                    principal,
                    location,
                    keys,
                    since,
                }))
            }
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
                if error == AuthError::Token(TokenError::Revoked) {
                    memory.keep_answer(keys.digest(), Said::No, now, REVOKED_SECS);
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
