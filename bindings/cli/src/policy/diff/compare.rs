//! Two policies, asked the same about every kind of request and caller.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{AssumedCaller, Gate, Reason, SurveyedRoute};
use serde::Serialize;

use crate::output::{Failure, printable};
use crate::policy::caller::{Answer, Who};
use crate::policy::shape::{Sampler, Shape};
use crate::policy::who_can::{permission, served_for};

/// A decision that is another in the new policy.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub(super) route: String,
    #[serde(flatten)]
    pub(super) who: Who,
    /// For callers that have one of these roles as well. A `deny` of one role overrides what another grants, and so a
    /// role can change what others are worth.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) together_with: Vec<String>,
    /// For callers whose proof declares exactly these scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scopes: Option<Vec<String>>,
    /// For callers with other values than this binding asks for, and for requests to other hosts than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outside: Option<String>,
    pub(super) old: Answer,
    pub(super) new: Answer,
}

impl Change {
    /// A change for requests beyond what `outside` asks for.
    fn outside(outside: String, route: &str, who: &Who, (old, new): Answers) -> Self {
        let (route, who) = (route.to_owned(), who.clone());
        Self { route, who, together_with: Vec::new(), scopes: None, outside: Some(outside), old, new }
    }

    /// Whether it was denied before.
    pub(super) fn allows(&self) -> bool {
        self.new.allowed()
    }

    fn key(&self) -> Key {
        (
            self.who.clone(),
            self.together_with.clone(),
            self.scopes.clone(),
            self.outside.clone(),
            self.allows(),
        )
    }

    /// The callers, for a person.
    pub(super) fn label(&self) -> String {
        let mut label = self.who.label();
        if !self.together_with.is_empty() {
            label = format!("{label} with {}", printable(&self.together_with.join(" or ")));
        }
        if let Some(binding) = &self.outside {
            label = format!("{label}, outside {}", printable(binding));
        }
        match self.scopes.as_deref() {
            None => label,
            Some([]) => format!("{label}, no scope"),
            Some(scopes) => format!("{label}, scope {}", scopes.join(" ")),
        }
    }
}

/// What a kind of request meets in both policies.
struct Met<'g> {
    old: Option<SurveyedRoute<'g>>,
    new: Option<SurveyedRoute<'g>>,
}

impl Met<'_> {
    /// The shapes of the routes.
    fn served(&self) -> [Option<Shape>; 2] {
        [self.old, self.new].map(|route| route.map(|route| Shape::of(&route)))
    }
}

/// Both answers to one question.
type Answers = (Answer, Answer);

/// The direction of a change, if it is one: whether it allows.
fn direction((old, new): Answers) -> Option<bool> {
    (old.allowed() != new.allowed()).then_some(new.allowed())
}

pub(super) struct Comparison<'g> {
    old: &'g Gate,
    new: &'g Gate,
    callers: Vec<Who>,
    sampler: Sampler,
    pub(super) changes: Vec<Change>,
    /// The routes as they are written, in the new policy if both have them.
    names: BTreeMap<Shape, &'g str>,
    /// Where each change was found.
    found: BTreeMap<Key, Vec<Found>>,
}

/// What a change is, apart from its place.
type Key = (Who, Vec<String>, Option<Vec<String>>, Option<String>, bool);

/// The place of a change: its requests, and what served them in both policies.
struct Found {
    shape: Shape,
    served: [Option<Shape>; 2],
}

impl<'g> Comparison<'g> {
    pub(super) fn new(old: &'g Gate, new: &'g Gate, callers: Vec<Who>, sampler: Sampler) -> Self {
        // One whose slash at the end is not compared does not say what it matches.
        let says = |shape: &Shape, text: &str| Shape::parse(text).as_ref() == Ok(shape);
        let routes = old.routes().chain(new.routes()).map(|route| (Shape::of(&route), route.text()));
        let names = routes.filter(|(shape, text)| says(shape, text)).collect();
        Self { old, new, callers, sampler, changes: Vec::new(), names, found: BTreeMap::new() }
    }

    /// Compares what is decided about a route that one of the policies has.
    pub(super) fn written(&mut self, shape: &Shape) -> Result<(), Failure> {
        // The route may be served by another one in the policy that does not have it.
        let met = self.meet(shape)?;
        let name = self.name(shape);
        for change in self.compare(&met, &name) {
            self.add(change, shape, met.served());
        }
        Ok(())
    }

    /// Compares what is decided about requests that several routes match, or that are a part of what `whole` matches: a
    /// new route can take them from another.
    pub(super) fn derived(&mut self, shape: &Shape, whole: Option<&Shape>) -> Result<(), Failure> {
        let met = self.meet(shape)?;
        let place = whole.unwrap_or(shape);
        for change in self.compare(&met, &self.name(place)) {
            let served = met.served();
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

    fn meet(&self, shape: &Shape) -> Result<Met<'g>, Failure> {
        Ok(Met { old: self.sampler.route(self.old, shape)?, new: self.sampler.route(self.new, shape)? })
    }

    fn compare(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        for who in &self.callers {
            let plain = self.ask(met, |gate| who.assume(gate));
            let mut add = |scopes: Option<Vec<String>>, (old, new): Answers| {
                let (route, who) = (name.to_owned(), who.clone());
                changes.push(Change {
                    route,
                    who,
                    together_with: Vec::new(),
                    scopes,
                    outside: None,
                    old,
                    new,
                });
            };
            if direction(plain).is_some() {
                add(None, plain);
            }
            for scopes in scopes(met) {
                let narrowed = self.ask(met, |gate| who.assume(gate).narrowed_to(&scopes));
                if direction(narrowed).is_some() && direction(narrowed) != direction(plain) {
                    add(Some(scopes), narrowed);
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
        let [old, new] =
            [met.old, met.new].map(|route| route.map(|route| route.bindings()).unwrap_or_default());
        let bound = Answer { decision: "deny", reason: Some(Reason::BindingMismatch) };
        let mut changes = Vec::new();
        for who in &self.callers {
            let (before, after) = self.ask(met, |gate| who.assume(gate));
            if !before.allowed() || !after.allowed() {
                continue;
            }
            let dropped =
                old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(_, text)| (text, bound, after));
            let added =
                new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, text)| (text, before, bound));
            for (text, old, new) in dropped.chain(added) {
                changes.push(Change::outside(text.clone(), name, who, (old, new)));
            }
        }
        changes
    }

    /// Hosts that a route comes to be served for, or is served for no more.
    fn hosts(&self, met: &Met<'_>, name: &str) -> Vec<Change> {
        let [old, new] = [met.old, met.new].map(|route| route.map(|route| route.hosts()).unwrap_or_default());
        // Whether a request that `others` serve is left out of `hosts`, which are all of them if there are none.
        let leaves_out = |hosts: &[String], others: &[String]| {
            !hosts.is_empty() && (others.is_empty() || others.iter().any(|host| !hosts.contains(host)))
        };
        let mut changes = Vec::new();
        for who in &self.callers {
            let (before, after) = self.ask(met, |gate| who.assume(gate));
            // Who is not authenticated does not learn which routes exist.
            let reason =
                if *who == Who::Anonymous { Reason::CredentialMissing } else { Reason::RouteUnknown };
            let unknown = Answer { decision: "deny", reason: Some(reason) };
            let gained = (leaves_out(old, new) && after.allowed()).then_some((old, unknown, after));
            let lost = (leaves_out(new, old) && before.allowed()).then_some((new, before, unknown));
            for (hosts, old, new) in gained.into_iter().chain(lost) {
                changes.push(Change::outside(served_for(hosts), name, who, (old, new)));
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
            .filter_map(|who| match who {
                Who::Role(role) => Some((role.as_str(), self.ask(met, |gate| who.assume(gate)))),
                Who::Anonymous | Who::NoRole => None,
            })
            .collect();
        let denies = |answer: Answer| answer.reason == Some(Reason::PermissionDenied);
        let mut changes = Vec::new();
        for (role, own) in roles.iter().filter(|(_, (old, new))| denies(*old) != denies(*new)) {
            // The answers that speak for the pairs of one role, for each direction.
            let (mut allowed, mut denied): (Option<(Answers, Vec<String>)>, _) = (None, None);
            for (other, others) in &roles {
                let both = self.ask(met, |_| AssumedCaller::with_roles([role, other]));
                let said = [direction(*own), direction(*others)].contains(&direction(both));
                let Some(allows) = direction(both).filter(|_| !said) else { continue };
                let place = if allows { &mut allowed } else { &mut denied };
                place.get_or_insert((both, Vec::new())).1.push((*other).to_owned());
            }
            for ((old, new), together_with) in [allowed, denied].into_iter().flatten() {
                let (route, who) = (name.to_owned(), Who::Role((*role).to_owned()));
                changes.push(Change { route, who, together_with, scopes: None, outside: None, old, new });
            }
        }
        changes
    }

    fn ask(&self, met: &Met<'_>, caller: impl Fn(&Gate) -> AssumedCaller) -> Answers {
        let answer = |gate: &Gate, route: Option<SurveyedRoute<'_>>| match route {
            Some(route) => route.authorize(&caller(gate)).into(),
            None => Answer { decision: "deny", reason: Some(Reason::RouteUnknown) },
        };
        (answer(self.old, met.old), answer(self.new, met.new))
    }
}

/// Scopes that could make a difference: none, and each permission asked for.
fn scopes(met: &Met<'_>) -> BTreeSet<Vec<String>> {
    let asked = [met.old, met.new].into_iter().flatten().filter_map(|route| permission(&route));
    let each = asked.map(|permission| Vec::from([permission.to_owned()]));
    core::iter::once(Vec::new()).chain(each).collect()
}
