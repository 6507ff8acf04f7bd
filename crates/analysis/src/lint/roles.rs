//! Lints of roles. Those of the system are not for the document to fix.

use core::ops::ControlFlow;
use std::collections::BTreeSet;

use portcullis::Permission;
use portcullis::json::pointer_to;
use portcullis::parts::{PermissionIndex, PermissionPattern, Policy};
use portcullis_config::document::RoleDocument;
use portcullis_config::suggest::closest;
use portcullis_config::{Configuration, DiagnosticList, Lint};

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let document = &configuration.document.policy;
    let policy = &configuration.gate.parts().policy;
    let asked = Asked::new(policy);
    let held = held(configuration);
    let of_system = configuration.system.policy.roles.iter().flat_map(|roles| roles.keys());
    let of_system: Vec<&str> = of_system.map(String::as_str).collect();
    for (member, name, role) in document.written_roles() {
        let place = || pointer_to(&["policy", member, name]);
        if member == "extend_roles"
            && !of_system.contains(&name.as_str())
            && let Some(close) = closest(name, of_system.iter().copied())
        {
            diagnostics.push(
                Lint::RoleNotExtended,
                place(),
                format!("a new role; the profile has \"{close}\", to which this adds nothing"),
            );
        }
        if policy.roles.get(name).is_some_and(|role| !policy.roles.has_rules(role)) {
            diagnostics.push(Lint::RoleEmpty, place(), "the role neither grants nor denies anything");
        }
        if held.as_ref().is_some_and(|held| !held.contains(name.as_str())) {
            diagnostics.push(Lint::RoleUnheld, place(), "no API key has the role, and there are no tokens");
        }
        check_patterns(&["policy", member, name], role, &asked, diagnostics);
    }
}

/// The roles that somebody can have, by name; `None` if tokens or looked-up records may bring any.
fn held(configuration: &Configuration) -> Option<BTreeSet<&str>> {
    let Configuration { document, system, .. } = configuration;
    let policy = &configuration.gate.parts().policy;
    let api_keys = document.api_keys.as_ref().filter(|keys| document.issuers.is_empty() && !keys.lookup)?;
    let given: BTreeSet<&str> = api_keys
        .records
        .iter()
        .flat_map(|record| record.roles.iter().map(String::as_str))
        .chain(document.policy.default_role.as_deref().or(system.policy.default_role.as_deref()))
        .collect();
    let roles = given.into_iter().filter_map(|name| policy.roles.get(name));
    Some(roles.flat_map(|role| policy.roles.ancestors(role).map(|(name, _)| name)).collect())
}

fn unused(text: &str) -> String {
    format!("no route asks for anything like \"{text}\"")
}

fn check_patterns(place: &[&str], role: &RoleDocument, asked: &Asked<'_>, diagnostics: &mut DiagnosticList) {
    let place = |list: &str, index: usize| pointer_to(&[place, &[list, &index.to_string()]].concat());
    for (index, text) in role.permissions.iter().enumerate() {
        let Some(pattern) = PermissionPattern::parse(text) else { continue };
        if !asked.fits(&pattern) {
            diagnostics.push_with(Lint::PermissionUnused, || (place("permissions", index), unused(text)));
        }
        if let Some(covered) = asked.changes_under(text, &pattern) {
            diagnostics.push_with(Lint::WildcardWrite, || {
                (place("permissions", index), format!("\"{text}\" is as much as {covered}"))
            });
        }
    }
    for (index, text) in role.deny.iter().enumerate() {
        if PermissionPattern::parse(text).is_some_and(|pattern| !asked.fits(&pattern)) {
            diagnostics.push_with(Lint::DenyUnused, || (place("deny", index), unused(text)));
        }
    }
}

/// What the routes ask for.
struct Asked<'p> {
    all: PermissionIndex<'p>,
    /// What changes something.
    changes: PermissionIndex<'p>,
}

impl<'p> Asked<'p> {
    fn new(policy: &'p Policy) -> Self {
        let all = || policy.routes.permissions().map(|(_, permission)| permission);
        let changes = all().filter(|permission| is_change(permission.action()));
        Self { all: PermissionIndex::new(all()), changes: PermissionIndex::new(changes) }
    }

    /// Whether a route asks for something that `pattern` stands for. Without routes nobody can say.
    fn fits(&self, pattern: &PermissionPattern) -> bool {
        self.all.is_empty() || self.all.any(pattern)
    }

    /// In words, the permissions to change something that a wildcard stands for.
    fn changes_under(&self, text: &str, pattern: &PermissionPattern) -> Option<String> {
        if !text.contains('*') {
            return None;
        }
        let mut covered: Vec<usize> = Vec::new();
        let _ = self.changes.each(pattern, |position| {
            covered.push(position);
            if covered.len() > SHOWN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let shown = covered.iter().take(SHOWN).filter_map(|position| self.changes.permission(*position));
        let shown: Vec<&str> = shown.map(Permission::as_str).collect();
        let more = if covered.len() > SHOWN { " and more" } else { "" };
        (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
    }
}

/// How many of the permissions that a wildcard stands for are named.
const SHOWN: usize = 3;

/// Whether a role, with all it inherits, grants something that changes anything a route asks for.
pub(crate) fn grants_changes(policy: &Policy, role: &str) -> bool {
    let mut asked = policy.routes.permissions().filter(|(_, permission)| is_change(permission.action()));
    policy.roles.get(role).is_some_and(|role| asked.any(|(id, _)| role.granted.contains(id.position())))
}

/// Whether an action, by its first word, changes something. Other names may do so as well: nobody can tell.
fn is_change(action: &str) -> bool {
    let word = action.split(['.', '-', '_']).next().unwrap_or_default();
    let words = [
        "add", "create", "delete", "destroy", "drop", "edit", "forget", "manage", "modify", "patch", "post",
        "purge", "put", "remove", "reset", "update", "upload", "write",
    ];
    words.iter().any(|change| word.eq_ignore_ascii_case(change))
}
