//! Roles and routes: the profile's, overlaid with the document's.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::document::{Document, RoleDocument};
use super::{Findings, bindings};
use crate::json::pointer_to;
use crate::policy::{
    Access, Binding, InheritanceError, PermissionPattern, Policy, RoleRules, Roles, RouteTemplate, Routes,
};
use crate::profile::Profile;
use crate::suggest::{closest, one_of};

pub(super) fn compile(document: &Document, profile: &Profile, findings: &mut Findings<'_>) -> Option<Policy> {
    let routes = routes(document, profile, findings)?;
    let rules = rules(document, profile, findings);
    let roles = Roles::compile(&rules, &routes).map_err(|(name, error)| {
        let message = match error {
            InheritanceError::Cycle(around) => {
                format!("inherits from itself: {}; break the circle", around.join(" → "))
            }
            InheritanceError::TooDeep => "the chain of inheritance is too long".to_owned(),
        };
        findings.error(pointer_to(&["policy", "roles", &name, "inherits"]), message);
    });
    Some(Policy {
        attributes: bindings::places(&routes),
        routes,
        roles: roles.ok()?,
        scopes_narrow: document.policy.scopes_narrow.unwrap_or(true),
    })
}

/// The role of a token that says nothing about roles.
pub(super) fn default_role(
    document: &Document,
    profile: &Profile,
    policy: &Policy,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let exists = |name: &&str| policy.roles.get(name).is_some();
    match document.policy.default_role.as_deref() {
        // The profile's default goes with the profile's roles.
        None => profile.default_role.filter(exists).map(ToOwned::to_owned),
        Some("") => None,
        Some(name) if exists(&name) => Some(name.to_owned()),
        Some(name) => {
            findings.error("/policy/default_role", no_such_role(name, policy.roles.names()));
            None
        }
    }
}

fn routes(document: &Document, profile: &Profile, findings: &mut Findings<'_>) -> Option<Routes> {
    let mut by_shape: BTreeMap<String, (RouteTemplate, Access, Vec<Binding>)> = BTreeMap::new();
    let docs = match document.policy.docs.as_deref() {
        None => Some(Access::Refused),
        Some(text) => access(text, "/policy/docs", findings),
    };
    let trailing_slash = document.policy.trailing_slash.unwrap_or(profile.trailing_slash);
    let parse = |route: &str| RouteTemplate::parse(route).map(|template| template.compared(trailing_slash));
    let defaults = profile.routes.iter().map(|(route, text)| (*route, Access::parse(text), &[][..]));
    let bound = profile.bound_routes.iter().flat_map(|group| {
        group.routes.iter().map(|(route, text)| (*route, Access::parse(text), group.bindings))
    });
    let docs = profile.docs.iter().map(|route| (*route, docs.clone(), &[][..]));
    for (route, access, bindings) in defaults.chain(bound).chain(docs) {
        let template = findings.take("/profile", parse(route))?;
        let bindings: Result<Vec<Binding>, String> = bindings
            .iter()
            .map(|(parameter, values)| bindings::parse(parameter, values, &template))
            .collect();
        let bindings = findings.take("/profile", bindings)?;
        by_shape.insert(template.shape(), (template, access?, bindings));
    }
    let mut own = BTreeSet::new();
    for (route, written) in &document.policy.routes {
        let place = pointer_to(&["policy", "routes", route]);
        let template = findings.take(&place, parse(route));
        let access = access(&written.access, &place, findings);
        let (Some(template), Some(access)) = (template, access) else { continue };
        let shape = template.shape();
        if !own.insert(shape.clone()) {
            findings.error(&place, "another route matches the same requests; keep one of them");
        }
        if !written.bindings.is_empty() && !matches!(access, Access::Permission(_)) {
            findings.error(
                format!("{place}/where"),
                "only a route that asks for a permission has a caller to bind; name one in \"access\"",
            );
        }
        let bindings = written.bindings.iter().filter_map(|(parameter, values)| {
            let place = pointer_to(&["policy", "routes", route, "where", parameter]);
            findings.take(&place, bindings::parse(parameter, values, &template))
        });
        let bindings = bindings.collect();
        by_shape.insert(shape, (template, access, bindings));
    }
    Some(Routes::compile(by_shape.into_values().collect()).with_trailing_slash(trailing_slash))
}

fn access(text: &str, place: &str, findings: &mut Findings<'_>) -> Option<Access> {
    let access = Access::parse(text);
    if access.is_none() {
        let hint = match closest(text, ["public", "refused"]) {
            Some(close) => format!("did you mean \"{close}\"?"),
            None => "write \"public\", \"refused\" or a permission like \"graph:invoke\"".to_owned(),
        };
        findings.error(place, format!("not an access rule; {hint}"));
    }
    access
}

fn rules(document: &Document, profile: &Profile, findings: &mut Findings<'_>) -> BTreeMap<String, RoleRules> {
    let Some(written) = &document.policy.roles else {
        return profile
            .roles
            .iter()
            .map(|role| (role.name.to_string(), profile_rules(role.permissions)))
            .collect();
    };
    written.iter().map(|(name, role)| (name.clone(), role_rules(name, role, written, findings))).collect()
}

fn profile_rules(permissions: &[&str]) -> RoleRules {
    let granted = permissions.iter().filter_map(|text| PermissionPattern::parse(text)).collect();
    RoleRules { granted, ..RoleRules::default() }
}

fn role_rules(
    name: &str,
    role: &RoleDocument,
    written: &BTreeMap<String, RoleDocument>,
    findings: &mut Findings<'_>,
) -> RoleRules {
    if name.is_empty() || name.chars().any(char::is_control) {
        findings
            .error(pointer_to(&["policy", "roles", name]), "a role needs a name without control characters");
    }
    for (index, parent) in role.inherits.iter().enumerate() {
        if !written.contains_key(parent) {
            let place = pointer_to(&["policy", "roles", name, "inherits", &index.to_string()]);
            findings.error(place, no_such_role(parent, written.keys().map(String::as_str)));
        }
    }
    let mut patterns = |member: &str, texts: &[String]| {
        let mut patterns = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match PermissionPattern::parse(text) {
                Some(pattern) => patterns.push(pattern),
                None => findings.error(
                    pointer_to(&["policy", "roles", name, member, &index.to_string()]),
                    "not a permission; write \"resource:action\", with \"*\" for any or \"{a,b}\" for some",
                ),
            }
        }
        patterns
    };
    RoleRules {
        granted: patterns("permissions", &role.permissions),
        denied: patterns("deny", &role.deny),
        inherits: role.inherits.clone(),
    }
}

/// The message for a role that does not exist.
pub(super) fn no_such_role<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let hint = match closest(name, known.clone()) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None => format!("the roles are {}", one_of(known.take(8))),
    };
    format!("no role \"{name}\"; {hint}")
}
