//! Every kind of request and caller, asked about in both policies.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::parts::Route;
use portcullis::trace::HypotheticalCaller;
use portcullis::{Gate, PathError, Reason};

use super::change::{Answers, Change, Key};
use crate::access::{check_access, permits};
use crate::answer::Answer;
use crate::caller::CallerKind;
use crate::request::SampleRequest;
use crate::route;
use crate::shapes::{Sampler, Shape, of_routes};

/// What a kind of request meets in both policies.
struct Met<'g> {
    method: String,
    /// The path of such a request.
    path: String,
    old: Option<&'g Route>,
    new: Option<&'g Route>,
}

/// The direction of a change, if it is one: whether it allows.
fn direction((old, new): Answers) -> Option<bool> {
    (old.is_allowed() != new.is_allowed()).then_some(new.is_allowed())
}

/// The comparison of two gates.
pub(crate) struct Comparison<'g> {
    old: &'g Gate,
    new: &'g Gate,
    callers: Vec<CallerKind>,
    sampler: Sampler,
    pub(crate) changes: Vec<Change>,
    /// The routes as they are written, in the new policy if both have them.
    names: BTreeMap<Shape, &'g str>,
    /// Where each change was found.
    found: BTreeMap<Key, Vec<Found>>,
}

/// The place of a change: its requests, and what served them in both policies.
struct Found {
    shape: Shape,
    served: [Option<Shape>; 2],
}

impl<'g> Comparison<'g> {
    pub(crate) fn new(old: &'g Gate, new: &'g Gate, callers: Vec<CallerKind>, sampler: Sampler) -> Self {
        // One whose slash at the end is not compared does not say what it matches.
        let says = |shape: &Shape, text: &str| Shape::parse(text).as_ref() == Ok(shape);
        let names = [old, new].into_iter().flat_map(|gate| {
            let texts = gate.parts().policy.routes.iter().map(|route| route.text.as_str());
            of_routes(gate).zip(texts)
        });
        let names = names.filter(|(shape, text)| says(shape, text)).collect();
        Self { old, new, callers, sampler, changes: Vec::new(), names, found: BTreeMap::new() }
    }

    /// Compares what is decided about a route that one of the policies has.
    pub(crate) fn written(&mut self, shape: &Shape) -> Result<(), PathError> {
        // The route may be served by another one in the policy that does not have it.
        let met = self.meet(shape)?;
        let name = self.name(shape);
        for change in self.compare(&met, &name) {
            self.add(change, shape, self.served(&met));
        }
        Ok(())
    }

    /// Compares what is decided about requests that several routes match, or that are a part of what `whole` matches: a
    /// new route can take them from another.
    pub(crate) fn derived(&mut self, shape: &Shape, whole: Option<&Shape>) -> Result<(), PathError> {
        let met = self.meet(shape)?;
        let place = whole.unwrap_or(shape);
        for change in self.compare(&met, &self.name(place)) {
            let served = self.served(&met);
            let known = self.found.get(&change.key()).is_some_and(|found| {
                found.iter().any(|found| {
                    // Said of the route that served them or the one that now does, or of more requests at once.
                    served.contains(&Some(found.shape.clone()))
                        || found.served == served && found.shape.covers(shape)
                })
            });
            if !known {
                self.add(change, place, served);
            }
        }
        Ok(())
    }

    fn add(&mut self, change: Change, shape: &Shape, served: [Option<Shape>; 2]) {
        self.found.entry(change.key()).or_default().push(Found { shape: shape.clone(), served });
        self.changes.push(change);
    }

    /// The text of the route with this shape, or the shape itself.
    fn name(&self, shape: &Shape) -> String {
        self.names.get(shape).map_or_else(|| shape.to_string(), |text| (*text).to_owned())
    }

    fn meet(&self, shape: &Shape) -> Result<Met<'g>, PathError> {
        Ok(Met {
            method: shape.method().to_owned(),
            path: self.sampler.path(shape),
            old: self.sampler.route(self.old, shape)?,
            new: self.sampler.route(self.new, shape)?,
        })
    }

    /// The shapes of the routes that serve the requests.
    fn served(&self, met: &Met<'_>) -> [Option<Shape>; 2] {
        let shape =
            |gate: &Gate, route: &Route| Shape::of(route, gate.parts().policy.routes.trailing_slash());
        [met.old.map(|route| shape(self.old, route)), met.new.map(|route| shape(self.new, route))]
    }

    fn compare(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        for caller in &self.callers {
            let plain = self.ask(met, |gate| caller.hypothetical(gate));
            if direction(plain).is_some() {
                changes.push(Change::new(name, caller, plain));
            }
            for scopes in self.scopes(met) {
                let narrowed = self.ask(met, |gate| caller.hypothetical(gate).narrowed_to(&scopes));
                if direction(narrowed).is_some() && direction(narrowed) != direction(plain) {
                    changes.push(Change { scopes: Some(scopes), ..Change::new(name, caller, narrowed) });
                }
            }
        }
        changes.extend(self.pairs(met, name));
        changes.extend(self.bindings(met, name));
        changes.extend(self.hosts(met, name));
        changes
    }

    /// Bindings that come or go, for the callers that have the permission in both policies: without one, they reach what is
    /// not theirs.
    fn bindings(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let [old, new] = [met.old, met.new].map(|route| route.map(route::bindings).unwrap_or_default());
        let bound = Answer::deny(Reason::BindingMismatch);
        let mut changes = Vec::new();
        for caller in &self.callers {
            let (before, after) = self.ask(met, |gate| caller.hypothetical(gate));
            if !before.is_allowed() || !after.is_allowed() {
                continue;
            }
            let dropped =
                old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(_, text)| (text, bound, after));
            let added =
                new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, text)| (text, before, bound));
            for (text, old, new) in dropped.chain(added) {
                let outside = Some(text.clone());
                changes.push(Change { outside, ..Change::new(name, caller, (old, new)) });
            }
        }
        changes
    }

    /// Hosts that a route comes to be served for, or is served for no more.
    fn hosts(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let [old, new] =
            [met.old, met.new].map(|route| route.map(|route| route.hosts.as_slice()).unwrap_or_default());
        // Whether a request that `others` serve is left out of `hosts`, which are all of them if there are none.
        let leaves_out = |hosts: &[String], others: &[String]| {
            !hosts.is_empty() && (others.is_empty() || others.iter().any(|host| !hosts.contains(host)))
        };
        let mut changes = Vec::new();
        for caller in &self.callers {
            let (before, after) = self.ask(met, |gate| caller.hypothetical(gate));
            // A request that names no host is for none of them.
            let elsewhere = |gate: &Gate| Self::unserved(gate, met, &caller.hypothetical(gate));
            let gained =
                (leaves_out(old, new) && after.is_allowed()).then(|| (old, elsewhere(self.old), after));
            let lost =
                (leaves_out(new, old) && before.is_allowed()).then(|| (new, before, elsewhere(self.new)));
            for (hosts, old, new) in gained.into_iter().chain(lost) {
                let outside = Some(route::served_for(hosts));
                changes.push(Change { outside, ..Change::new(name, caller, (old, new)) });
            }
        }
        changes
    }

    /// Roles whose `deny` comes or goes, together with the roles whose grant it overrides. Pairs are enough: a denial
    /// needs one role that denies, and permission one that grants.
    fn pairs(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let roles: Vec<(&str, Answers)> = self
            .callers
            .iter()
            .filter_map(|caller| match caller {
                CallerKind::Role(role) => {
                    Some((role.as_str(), self.ask(met, |gate| caller.hypothetical(gate))))
                }
                CallerKind::Anonymous | CallerKind::NoRole => None,
            })
            .collect();
        let denies = |answer: Answer| answer.reason == Some(Reason::PermissionDenied);
        let mut changes = Vec::new();
        for (role, own) in roles.iter().filter(|(_, (old, new))| denies(*old) != denies(*new)) {
            // The answers that speak for the pairs of one role, for each direction.
            let (mut allowed, mut denied): (Option<(Answers, Vec<String>)>, _) = (None, None);
            for (other, others) in &roles {
                let both = self.ask(met, |_| HypotheticalCaller::with_roles([role, other]));
                let said = [direction(*own), direction(*others)].contains(&direction(both));
                let Some(allows) = direction(both).filter(|_| !said) else { continue };
                let place = if allows { &mut allowed } else { &mut denied };
                place.get_or_insert((both, Vec::new())).1.push((*other).to_owned());
            }
            for (both, together_with) in [allowed, denied].into_iter().flatten() {
                let caller = CallerKind::Role((*role).to_owned());
                changes.push(Change { together_with, ..Change::new(name, &caller, both) });
            }
        }
        changes
    }

    fn ask(&self, met: &Met<'_>, caller: impl Fn(&Gate) -> HypotheticalCaller) -> Answers {
        let answer = |gate: &Gate, route: Option<&Route>| match route {
            Some(route) => permits(gate, route, &met.path, &caller(gate)).into(),
            None => Self::unserved(gate, met, &caller(gate)),
        };
        (answer(self.old, met.old), answer(self.new, met.new))
    }

    /// The answer to a request that no route serves.
    fn unserved(gate: &Gate, met: &Met<'_>, caller: &HypotheticalCaller) -> Answer {
        check_access(gate, caller, &SampleRequest::for_route(&met.method, &met.path)).into()
    }

    /// Scopes that could make a difference: none, and each permission asked for.
    fn scopes(&self, met: &Met<'_>) -> BTreeSet<Vec<String>> {
        let asked = [(self.old, met.old), (self.new, met.new)].into_iter();
        let asked = asked.filter_map(|(gate, route)| route::permission(gate, route?));
        let each = asked.map(|permission| Vec::from([permission.to_owned()]));
        core::iter::once(Vec::new()).chain(each).collect()
    }
}
