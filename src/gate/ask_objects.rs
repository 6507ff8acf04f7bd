//! Asking the origin whether the objects that a request names are the caller's.

use alloc::boxed::Box;

use super::decide::{Decider, Identified, Outcome};
use super::objects::{Asker, AwaitedObjects};
use super::refuse::Refused;
use super::step::{AwaitedOther, AwaitedReply, Purpose, Waits};
use crate::call::Reply;
use crate::error::{AskError, AuthError, WaitError};
use crate::limits::{ASK_TURN_SECS, NO_SECS, YES_SECS};
use crate::memory::{Said, Turn};
use crate::policy::binding::Binding;
use crate::time::UnixTime;
use crate::trace::Trace;
use crate::verdict::Diagnostics;

impl<T: Trace> Decider<'_, '_, T> {
    /// How the caller of `identified` would ask, if one of the routes has the origin asked.
    pub(super) fn asker(&self, identified: &Identified<'_, '_>) -> Option<Asker> {
        let request = &identified.routed.request;
        if !identified.routed.routes.bindings().any(Binding::asks) {
            return None;
        }
        let locations = &self.gate.parts().locations;
        let (credential, location) = locations.find(request).ok()?;
        let header = locations.header_of(request, location, credential.text());
        Some(Asker::new(credential.text(), header))
    }

    /// Goes on with the objects: those that were asked for a moment ago are known.
    pub(super) fn ask_objects(&mut self, mut awaited: AwaitedObjects) -> Result<Outcome, Refused> {
        while let Some(object) = awaited.objects.pop() {
            let digest = awaited.asker.digest(&object.target);
            match self.state.memory.answer(&digest, self.now) {
                Some(Said::Yes) => {}
                Some(Said::No | Said::Caller(_)) => return Err(awaited.refuse_object(object)),
                None => {
                    match self.state.memory.turn(digest, self.now, ASK_TURN_SECS) {
                        Turn::Ask => {}
                        Turn::Fail(error) => return Err(awaited.refuse(error)),
                        Turn::Wait => {
                            awaited.objects.push(object);
                            return self.await_object(awaited);
                        }
                    }
                    let upstream = &self.gate.parts().upstream;
                    let forward = awaited.handover.clone().forward(upstream, Some(&awaited.caller), self.now);
                    let call = awaited.asker.call(&object.target, &forward);
                    awaited.objects.push(object);
                    return Ok(Outcome::NeedsCall(AwaitedReply {
                        call,
                        purpose: Purpose::Objects(Box::new(awaited)),
                        tries: self.tries,
                        since: self.now,
                        shared: self.shared_name(&digest),
                    }));
                }
            }
        }
        let AwaitedObjects { caller, handover, known, .. } = awaited;
        let forward = handover.forward(&self.gate.parts().upstream, Some(&caller), self.now);
        Ok(Outcome::Forward(forward, Diagnostics { principal: Some(caller.principal), ..known }))
    }

    /// Looks again whether another decision has been told about the next object.
    pub(super) fn objects_again(&mut self, awaited: AwaitedObjects) -> Result<Outcome, Refused> {
        let awaited = self.still_valid(awaited)?;
        self.ask_objects(awaited)
    }

    /// Whoever has expired while the origin was asked is not allowed.
    fn still_valid(&self, awaited: AwaitedObjects) -> Result<AwaitedObjects, Refused> {
        match awaited.caller.principal.validity.check(self.now) {
            Ok(()) => Ok(awaited),
            Err(error) => Err(awaited.refuse(error)),
        }
    }

    /// Waits for what another decision asks about the next object.
    fn await_object(&self, awaited: AwaitedObjects) -> Result<Outcome, Refused> {
        match self.tries.checked_sub(1) {
            Some(tries) => {
                let waits = Waits::Objects(Box::new(awaited));
                Ok(Outcome::Waits(AwaitedOther { waits, tries, since: self.now }))
            }
            None => Err(awaited.refuse(WaitError::Ask(AskError::NoAnswer))),
        }
    }

    /// Goes on with what the origin said about the next object.
    pub(super) fn object_answered(
        &mut self,
        mut awaited: AwaitedObjects,
        reply: Option<&Reply<'_>>,
    ) -> Result<Outcome, Refused> {
        awaited = self.still_valid(awaited)?;
        let Some(object) = awaited.objects.last() else { return self.ask_objects(awaited) };
        let digest = awaited.asker.digest(&object.target);
        match Self::read_object(reply) {
            Ok((said, secs)) => {
                self.share(&digest, reply, false, secs);
                self.heard_of_object(awaited, said, self.now, secs)
            }
            Err(failure) => {
                let error = AuthError::from(WaitError::Ask(failure));
                self.state.memory.keep_failure(digest, error.clone(), self.now);
                Err(awaited.refuse(error))
            }
        }
    }

    /// What `reply` says about an object, and for how many seconds that counts.
    pub(super) fn read_object(reply: Option<&Reply<'_>>) -> Result<(Said, u64), AskError> {
        match reply.map(|reply| reply.status) {
            Some(200..=299) => Ok((Said::Yes, YES_SECS)),
            Some(400 | 401 | 403 | 404 | 422) => Ok((Said::No, NO_SECS)),
            Some(status) => Err(AskError::Status(status)),
            None => Err(AskError::NoAnswer),
        }
    }

    /// Goes on with what was said about the next object at `given`.
    pub(super) fn heard_of_object(
        &mut self,
        awaited: AwaitedObjects,
        said: Said,
        given: UnixTime,
        secs: u64,
    ) -> Result<Outcome, Refused> {
        let mut awaited = self.still_valid(awaited)?;
        let Some(object) = awaited.objects.pop() else { return self.ask_objects(awaited) };
        let digest = awaited.asker.digest(&object.target);
        let is_yes = matches!(said, Said::Yes);
        self.state.memory.keep_answer_of(given, digest, said, self.now, secs);
        if is_yes { self.ask_objects(awaited) } else { Err(awaited.refuse_object(object)) }
    }
}
