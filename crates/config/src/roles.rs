//! Roles: the system's, with what the document adds to them, or the document's in their place.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use portcullis::json::pointer_to;
use portcullis::limits::{PERMISSION_BYTES, ROLE_DEPTH};
use portcullis::parts::{InheritanceError, PermissionPattern, RoleRules, Roles, Routes};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{PolicyDocument, RoleDocument};
use crate::suggest::{closest, one_of};

pub(crate) fn compile(
    context: &Context<'_>,
    routes: &Routes,
    diagnostics: &mut Diagnostics,
) -> Option<Roles> {
    let PolicyDocument { roles: own, extend_roles: more, .. } = &context.document.policy;
    if own.is_some() && !more.is_empty() {
        diagnostics.error(
            "/policy/extend_roles",
            "adds to the profile's roles, which \"roles\" replaces; write all of them under \"roles\", or only what is added here",
        );
        return None;
    }
    let no_roles = BTreeMap::new();
    let written = own.as_ref().or(context.system.policy.roles.as_ref()).unwrap_or(&no_roles);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    known.extend(written.keys().chain(more.keys()).map(String::as_str));
    // What the system's roles may do besides goes with them.
    let objects = context.document.policy.objects.and(context.system.objects.as_ref());
    let objects = objects.filter(|_| own.is_none()).map_or(&no_roles, |policy| &policy.extend_roles);
    let mut all: BTreeMap<String, RoleRules> = BTreeMap::new();
    for (member, roles) in [("roles", written), ("objects", objects), ("extend_roles", more)] {
        for (name, role) in roles {
            let rules = rules(member, name, role, &known, diagnostics);
            let whole = all.entry(name.clone()).or_default();
            whole.inherits.extend(rules.inherits);
            whole.granted.extend(rules.granted);
            whole.denied.extend(rules.denied);
        }
    }
    let roles = Roles::compile(all, routes).map_err(|(name, error)| {
        let message = match error {
            InheritanceError::Cycle(around) => {
                format!("inherits from itself: {}; break the circle", around.join(" → "))
            }
            InheritanceError::TooDeep => {
                format!("the chain of inheritance is longer than {ROLE_DEPTH} roles; let it skip some")
            }
            InheritanceError::Unknown(parent) => no_such_role(&parent, known.iter().copied()).to_string(),
        };
        let member = if more.contains_key(&name) { "extend_roles" } else { "roles" };
        diagnostics.error(pointer_to(&["policy", member, &name, "inherits"]), message);
    });
    roles.ok()
}

/// The role of a principal that carries none.
pub(crate) fn default_role(
    context: &Context<'_>,
    roles: &Roles,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let exists = |name: &&str| roles.get(name).is_some();
    match context.document.policy.default_role.as_deref() {
        // The system's default goes with the system's roles.
        None => context.system.policy.default_role.as_deref().filter(exists).map(ToOwned::to_owned),
        Some("") => None,
        Some(name) if exists(&name) => Some(name.to_owned()),
        Some(name) => {
            diagnostics.error("/policy/default_role", no_such_role(name, roles.names()));
            None
        }
    }
}

fn rules(
    member: &str,
    name: &str,
    role: &RoleDocument,
    known: &BTreeSet<&str>,
    diagnostics: &mut Diagnostics,
) -> RoleRules {
    if name.is_empty() || name.chars().any(char::is_control) {
        diagnostics
            .error(pointer_to(&["policy", member, name]), "a role needs a name without control characters");
    }
    let (mut inherits, mut granted, mut denied) = (Vec::new(), Vec::new(), Vec::new());
    for (index, parent) in role.inherits.iter().enumerate() {
        if known.contains(parent.as_str()) {
            inherits.push(parent.clone());
        } else {
            let place = pointer_to(&["policy", member, name, "inherits", &index.to_string()]);
            diagnostics.error(place, no_such_role(parent, known.iter().copied()));
        }
    }
    for (list, texts, patterns) in
        [("permissions", &role.permissions, &mut granted), ("deny", &role.deny, &mut denied)]
    {
        for (index, text) in texts.iter().enumerate() {
            let place = || pointer_to(&["policy", member, name, list, &index.to_string()]);
            if text.len() > PERMISSION_BYTES {
                let message = format!("longer than {PERMISSION_BYTES} bytes; split the set in several");
                diagnostics.error(place(), message);
                continue;
            }
            match PermissionPattern::parse(text) {
                Some(pattern) => patterns.push(pattern),
                None => diagnostics.error(
                    place(),
                    "not a permission; write \"resource:action\", with \"*\" for any or \"{a,b}\" for some",
                ),
            }
        }
    }
    RoleRules { inherits, granted, denied }
}

/// The message for a role that does not exist. What comes closest is looked for when the message is written.
pub(crate) fn no_such_role<'n>(
    name: &'n str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> impl fmt::Display {
    NoSuchRole { name, known }
}

struct NoSuchRole<'n, K> {
    name: &'n str,
    known: K,
}

impl<'n, K: Iterator<Item = &'n str> + Clone> fmt::Display for NoSuchRole<'n, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, known } = self;
        write!(f, "no role \"{name}\"; ")?;
        match closest(name, known.clone()) {
            Some(close) => write!(f, "did you mean \"{close}\"?"),
            None => write!(f, "the roles are {}", one_of(known.clone().take(8))),
        }
    }
}
