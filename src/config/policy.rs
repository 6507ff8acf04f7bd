//! Roles and routes: the profile's, overlaid with the document's.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::document::{Document, PolicyDocument, RoleDocument};
use super::{Findings, bindings};
use crate::json::pointer_to;
use crate::limits::{
    CLAIM_BYTES, PERMISSION_BYTES, POLICY_ROLES, POLICY_ROUTES, POLICY_SEGMENTS, ROLE_DEPTH, ROUTE_BYTES,
};
use crate::policy::{
    Access, InheritanceError, PermissionPattern, Policy, RoleRules, Roles, RouteTemplate, Routes,
    WrittenRoute,
};
use crate::profile::Profile;
use crate::suggest::{closest, one_of};

/// Bounds what everything else multiplies: how many routes and roles there are, and how long the names are that pointers
/// repeat. After an error here nothing is said about what is under them.
pub(super) fn check_sizes(document: &Document, findings: &mut Findings<'_>) {
    let PolicyDocument { roles, routes, .. } = &document.policy;
    let roles = roles.iter().flatten();
    if roles.clone().count() > POLICY_ROLES {
        findings.error(
            "/policy/roles",
            format!(
                "more than {POLICY_ROLES} roles; tell callers apart by claims, with \"where\" at a route"
            ),
        );
    }
    if roles.into_iter().any(|(name, _)| name.len() > CLAIM_BYTES) {
        findings.error(
            "/policy/roles",
            format!(
                "the name of a role is longer than {CLAIM_BYTES} bytes, the most a token may carry; shorten it"
            ),
        );
    }
    if routes.len() > POLICY_ROUTES {
        findings.error(
            "/policy/routes",
            format!("more than {POLICY_ROUTES} routes; let parameters stand for what routes differ in"),
        );
    }
    if routes.keys().any(|route| route.len() > ROUTE_BYTES) {
        findings.error("/policy/routes", format!("a route is longer than {ROUTE_BYTES} bytes; shorten it"));
    }
    let segments = routes.keys().map(|route| route.bytes().filter(|octet| *octet == b'/').count());
    if segments.fold(0, usize::saturating_add) > POLICY_SEGMENTS {
        findings.error(
            "/policy/routes",
            format!(
                "the routes have more than {POLICY_SEGMENTS} path segments in all; end some in \"{{name:path}}\""
            ),
        );
    }
}

pub(super) fn compile(document: &Document, profile: &Profile, findings: &mut Findings<'_>) -> Option<Policy> {
    let routes = routes(document, profile, findings)?;
    let rules = rules(document, profile, findings);
    let roles = Roles::compile(rules, &routes).map_err(|(name, error)| {
        let message = match error {
            InheritanceError::Cycle(around) => {
                format!("inherits from itself: {}; break the circle", around.join(" → "))
            }
            InheritanceError::TooDeep => {
                format!("the chain of inheritance is longer than {ROLE_DEPTH} roles; let it skip some")
            }
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
    let mut by_shape: BTreeMap<String, WrittenRoute> = BTreeMap::new();
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
        let bindings: Result<Vec<_>, String> = bindings
            .iter()
            .map(|(parameter, values)| bindings::parse(parameter, values, &template))
            .collect();
        let bindings = findings.take("/profile", bindings)?;
        let route = WrittenRoute { bindings, ..WrittenRoute::new(template, access?) };
        by_shape.insert(route.template.shape(), route);
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
        let hosts = hosts(&written.hosts, &place, findings);
        by_shape.insert(shape, WrittenRoute { template, access, bindings, hosts });
    }
    Some(Routes::compile(by_shape.into_values().collect()).with_trailing_slash(trailing_slash))
}

/// The hosts of a route in lower case: names or addresses, with a port where that counts as well.
fn hosts(written: &[String], place: &str, findings: &mut Findings<'_>) -> Vec<String> {
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~:[]".contains(&octet);
    for (index, host) in written.iter().enumerate() {
        if host.is_empty() || !host.bytes().all(legal) {
            findings.error(
                format!("{place}/hosts/{index}"),
                "not a host; write one as in the `Host` header, like \"api.example.com\" or \"localhost:8080\"",
            );
        }
    }
    written.iter().map(|host| host.to_ascii_lowercase()).collect()
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
            let place = || pointer_to(&["policy", "roles", name, member, &index.to_string()]);
            if text.len() > PERMISSION_BYTES {
                let message = format!("longer than {PERMISSION_BYTES} bytes; split the set in several");
                findings.error(place(), message);
                continue;
            }
            match PermissionPattern::parse(text) {
                Some(pattern) => patterns.push(pattern),
                None => findings.error(
                    place(),
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

/// The message for a role that does not exist. What comes closest is looked for when the message is written.
pub(super) fn no_such_role<'n>(
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
