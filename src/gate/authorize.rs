//! From the principal to what the origin gets: its permission, the request as it will be sent, and what that names.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::decide::{Decider, Identified, Outcome};
use super::objects::{self, Asker, AwaitedObjects, Object};
use super::parts::Gate;
use super::refuse::{Broken, Refused};
use super::step::AwaitedBody;
use crate::body;
use crate::error::{AuthError, PolicyError};
use crate::policy::binding::{Binding, Reading, accepts};
use crate::policy::route::Route;
use crate::principal::Principal;
use crate::trace::{Event, Trace};
use crate::upstream::caller::Caller;
use crate::upstream::handover::Handover;
use crate::upstream::outbound::Outbound;
use crate::upstream::standing::Standing;
use crate::verdict::Diagnostics;

impl<T: Trace> Decider<'_, '_, T> {
    /// Whether the principal may send this request, and what the origin will get of it.
    pub(super) fn authorize(&mut self, identified: Identified<'_, '_>) -> Result<Outcome, Refused> {
        let Identified { routed, principal, location } = &identified;
        let (gate, parts) = (self.gate, self.gate.parts());
        gate.permit(routed.routes, principal)
            .map_err(|(error, route)| identified.refuse_by(gate, route, error))?;
        let handling = principal.handling.unwrap_or(parts.upstream.credential);
        let standing = routed.routes.standing(*location, handling);
        let outbound = Outbound::of(&routed.request, &parts.upstream, &parts.locations, standing)
            .map_err(|error| identified.refuse(gate, error))?;
        let roles: Vec<_> = parts.policy.known_roles(principal).map(|(name, _)| name.to_owned()).collect();
        if let Standing::Verified(_, handling) = standing {
            let key = parts.upstream.key_for(handling, principal, &roles);
            let key = key.map_err(|error| identified.refuse(gate, error))?;
            if let Some(key) = key {
                self.trace.event(|| Event::OriginKey(key));
            }
        }
        let (on_body, on_head): (Vec<_>, Vec<_>) =
            routed.routes.bindings().partition(|binding| binding.is_on_body());
        let asker = self.asker(&identified);
        let found = self
            .compare(on_head.iter().copied(), |binding| binding.read(&outbound), principal)
            .and_then(|()| objects::objects(on_head.iter().copied(), |binding| binding.read(&outbound)));
        let found = found.map_err(|broken| identified.refuse_for(gate, broken))?;
        // Last of all: a body is read for nobody who may not use the route anyway.
        let announced = match on_body.as_slice() {
            [] => None,
            on_body => Some(
                body::check_head(&outbound, accepts(on_body), routed.routes.body_bytes())
                    .map_err(|error| identified.refuse(gate, error))?,
            ),
        };
        let response = parts.cors.response_changes(&routed.request);
        let handover = Handover::new(&routed.request, outbound, &parts.locations, standing, response);
        let bindings: Vec<Binding> = on_body.into_iter().cloned().collect();
        let known = Diagnostics { location: Some(*location), ..routed.known(gate) };
        let caller = Caller { principal: identified.principal, roles };
        if let Some(announced) = announced {
            let objects = found;
            return Ok(Outcome::NeedsBody(AwaitedBody {
                caller,
                handover,
                announced,
                bindings,
                known,
                asker,
                objects,
            }));
        }
        self.hand_over(caller, handover, known, asker, found)
    }

    /// Hands the request on, if the objects are the caller's.
    pub(super) fn hand_over(
        &mut self,
        caller: Caller,
        handover: Handover,
        known: Diagnostics,
        asker: Option<Asker>,
        objects: Vec<Object>,
    ) -> Result<Outcome, Refused> {
        if let (Some(asker), false) = (asker, objects.is_empty()) {
            return self.ask_objects(AwaitedObjects { caller, handover, known, asker, objects });
        }
        let forward = handover.forward(&self.gate.parts().upstream, Some(&caller), self.now);
        Ok(Outcome::Forward(forward, Diagnostics { principal: Some(caller.principal), ..known }))
    }

    /// Whether all bindings hold; else the first that does not. All of them are compared, so that a tool can tell of each.
    pub(super) fn compare<'b>(
        &mut self,
        bindings: impl Iterator<Item = &'b Binding>,
        read: impl Fn(&'b Binding) -> Reading<'b>,
        principal: &Principal,
    ) -> Result<(), Broken> {
        let mut broken = None;
        for binding in bindings.filter(|binding| !binding.asks()) {
            let reading = read(binding);
            let holds = binding.holds(&reading, principal);
            self.trace.event(|| Event::Binding { binding, reading: &reading, principal, holds });
            if !holds && broken.is_none() {
                broken = Some(Broken::by(binding));
            }
        }
        broken.map_or(Ok(()), Err)
    }
}

impl Identified<'_, '_> {
    fn known(&self, gate: &Gate) -> Diagnostics {
        Diagnostics {
            location: Some(self.location),
            principal: Some(Arc::clone(&self.principal)),
            ..self.routed.known(gate)
        }
    }

    fn refuse(&self, gate: &Gate, error: impl Into<AuthError>) -> Refused {
        Refused { error: error.into(), known: Box::new(self.known(gate)) }
    }

    /// A refusal by `route`, which need not be the one that serves the request.
    fn refuse_by(&self, gate: &Gate, route: Option<&Route>, error: PolicyError) -> Refused {
        let mut refused = self.refuse(gate, error);
        if let Some(route) = route {
            refused.known.route = Some(route.text.clone());
            refused.known.permission = gate.permission_of(route);
        }
        refused
    }

    fn refuse_for(&self, gate: &Gate, broken: Broken) -> Refused {
        let mut refused = self.refuse(gate, PolicyError::BindingMismatch);
        refused.known.binding = Some(broken.text());
        refused
    }
}
