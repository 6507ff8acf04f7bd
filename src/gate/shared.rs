//! Answers that other instances were given, and that this one is told of through a cache that they share.

use alloc::boxed::Box;

use super::decide::{Decider, Identified, Outcome};
use super::live::LiveGate;
use super::objects::AwaitedObjects;
use super::refuse::Refused;
use super::state::{Sharing, State};
use super::step::{AwaitedReply, CallNeed, Need, Purpose, Step};
use crate::call::Reply;
use crate::memory::CredentialDigest;
use crate::shared::{Given, SharedAnswer, SharedCounters, SharedName};
use crate::time::UnixTime;
use crate::trace::Trace;

impl LiveGate {
    /// The same, where the host has a cache that its instances share, if the configuration wants it used. `place` is what
    /// answers depend on that no configuration says: the address of the origin.
    #[must_use]
    pub fn with_shared_cache(mut self, place: &str) -> Self {
        let is_configured = self.gate.parts().shared.is_some();
        self.state.sharing = is_configured.then(|| Sharing::new(place));
        self
    }

    /// Goes on with what the cache has under [`CallNeed::shared_name`]; `None` if it has nothing, or does not say. What is of
    /// no use is as good as nothing: then the call itself is needed.
    pub fn supply_shared(&mut self, need: CallNeed, sealed: Option<&[u8]>, now: UnixTime) -> Step {
        need.look(&mut self.state, sealed, now, &mut ())
    }

    /// The answer that the last reply was, sealed for other instances, if it was one. `random` is any text that stands for
    /// this answer alone.
    pub fn take_shared(&mut self, random: &str) -> Option<SharedAnswer> {
        let (name, given, secs) = self.state.sharing.as_mut()?.given.take()?;
        let sealed = self.gate.parts().shared.as_ref()?.seal(&name, &given, random)?;
        let SharedName(name) = name;
        Some(SharedAnswer { name, secs, sealed })
    }

    /// Of how much use the shared cache was, if there is one.
    pub fn shared(&self) -> Option<SharedCounters> {
        self.state.sharing.as_ref().map(|sharing| sharing.counters)
    }
}

impl CallNeed {
    /// Goes on with what a shared cache has.
    fn look(self, state: &mut State, sealed: Option<&[u8]>, now: UnixTime, trace: &mut impl Trace) -> Step {
        let (gate, asked, mut awaited) = self.into_parts();
        let name = awaited.shared.take();
        let opened =
            name.zip(sealed).and_then(|(name, sealed)| gate.parts().shared.as_ref()?.open(&name, sealed));
        // SECURITY: an answer from the future has an age that nobody knows, as has one from before the clock was set back.
        let given = opened.filter(|given| state.memory.can_tell_age(given.at, now));
        let mut decider = Decider { gate: &gate, state, now, tries: awaited.tries, trace };
        let looked = match &given {
            Some(given) => decider.told(awaited, given),
            None => Err(Box::new(awaited)),
        };
        if let Some(sharing) = &mut decider.state.sharing {
            sharing.count(looked.is_ok());
        }
        match looked {
            Ok(outcome) => gate.step(outcome, || asked, now),
            Err(awaited) => Step::Need(Need::Call(CallNeed::new(gate, asked, *awaited))),
        }
    }
}

impl<T: Trace> Decider<'_, '_, T> {
    /// What the answer to the question `digest` is called in the cache that instances share, if there is one.
    pub(super) fn shared_name(&self, digest: &CredentialDigest) -> Option<SharedName> {
        let sharing = self.state.sharing.as_ref()?;
        self.gate.parts().shared.as_ref()?.name(&sharing.place, digest)
    }

    /// Keeps `reply` for other instances: it is a yes or a no, which counts for `secs` from now on.
    pub(super) fn share(
        &mut self,
        digest: &CredentialDigest,
        reply: Option<&Reply<'_>>,
        has_body: bool,
        secs: u64,
    ) {
        let name = self.shared_name(digest);
        if let (Some(sharing), Some(name), Some(reply)) = (&mut self.state.sharing, name, reply) {
            sharing.given = (secs > 0).then(|| (name, Given::new(reply, has_body, self.now), secs));
        }
    }

    /// Goes on with the answer that another instance was given, if it counts; else the decision is as it was.
    fn told(
        &mut self,
        awaited: AwaitedReply,
        given: &Given,
    ) -> Result<Result<Outcome, Refused>, Box<AwaitedReply>> {
        let AwaitedReply { purpose, call, tries, since, shared } = awaited;
        let purpose = match purpose {
            Purpose::Identity { request, digest, verified, location } => {
                let said = given.read(|reply| self.read_answer(&request, &digest, Some(reply), given.at));
                match said.map(|said| (self.counted_secs(&said, given.at), said)) {
                    Ok((secs, said)) if self.now < given.at.plus(secs) => {
                        let routed = self.gate.routed(*request);
                        let heard = self.heard(&routed, digest, verified, said, given.at);
                        return Ok(match heard {
                            Ok(principal) => self.unless_revoked(Identified { routed, principal, location }),
                            Err(error) => Err(routed.refuse_presented(self.gate, location, None, error)),
                        });
                    }
                    _ => Purpose::Identity { request, digest, verified, location },
                }
            }
            Purpose::Objects(objects) => match self.told_of_object(objects, given) {
                Ok(outcome) => return Ok(outcome),
                Err(objects) => Purpose::Objects(objects),
            },
            Purpose::Keys(id, request) => Purpose::Keys(id, request),
        };
        Err(Box::new(AwaitedReply { call, purpose, tries, since, shared }))
    }

    /// The same about the next object.
    fn told_of_object(
        &mut self,
        objects: Box<AwaitedObjects>,
        given: &Given,
    ) -> Result<Result<Outcome, Refused>, Box<AwaitedObjects>> {
        match given.read(|reply| Self::read_object(Some(reply))) {
            Ok((said, secs)) if self.now < given.at.plus(secs) => {
                Ok(self.heard_of_object(*objects, said, given.at, secs))
            }
            _ => Err(objects),
        }
    }
}
