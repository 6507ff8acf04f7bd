//! Asking the origin whether the objects that a request names are the caller's.

use alloc::boxed::Box;

use super::decide::{Decider, Identified, Outcome};
use super::objects::{Asker, AwaitedObjects};
use super::refuse::Refused;
use super::step::{AwaitedReply, Purpose};
use crate::call::Reply;
use crate::error::{AskError, WaitError};
use crate::limits::{NO_SECS, YES_SECS};
use crate::memory::Said;
use crate::policy::binding::Binding;
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
            match self.state.memory.answer(&awaited.asker.digest(&object.target), self.now) {
                Some(Said::Yes) => {}
                Some(Said::No | Said::Caller(_)) => return Err(awaited.refuse_object(object)),
                None => {
                    let upstream = &self.gate.parts().upstream;
                    let forward = awaited.handover.clone().forward(upstream, Some(&awaited.caller), self.now);
                    let call = awaited.asker.call(&object.target, &forward);
                    awaited.objects.push(object);
                    return Ok(Outcome::NeedsCall(AwaitedReply {
                        call,
                        purpose: Purpose::Objects(Box::new(awaited)),
                        tries: self.tries,
                        since: self.now,
                    }));
                }
            }
        }
        let AwaitedObjects { caller, handover, known, .. } = awaited;
        let forward = handover.forward(&self.gate.parts().upstream, Some(&caller), self.now);
        Ok(Outcome::Forward(forward, Diagnostics { principal: Some(caller.principal), ..known }))
    }

    /// Goes on with what the origin said about the next object.
    pub(super) fn object_answered(
        &mut self,
        mut awaited: AwaitedObjects,
        reply: Option<&Reply<'_>>,
    ) -> Result<Outcome, Refused> {
        if let Err(error) = awaited.caller.principal.validity.check(self.now) {
            return Err(awaited.refuse(error));
        }
        let Some(object) = awaited.objects.pop() else { return self.ask_objects(awaited) };
        let digest = awaited.asker.digest(&object.target);
        match reply.map(|reply| reply.status) {
            Some(200..=299) => {
                self.state.memory.keep_answer(digest, Said::Yes, self.now, YES_SECS);
                self.ask_objects(awaited)
            }
            Some(401 | 403 | 404) => {
                self.state.memory.keep_answer(digest, Said::No, self.now, NO_SECS);
                Err(awaited.refuse_object(object))
            }
            Some(status) => Err(awaited.refuse(WaitError::Ask(AskError::Status(status)))),
            None => Err(awaited.refuse(WaitError::Ask(AskError::NoAnswer))),
        }
    }
}
