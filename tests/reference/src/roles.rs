//! "Roles" of `docs/decisions.md`.

use std::collections::{BTreeMap, BTreeSet};

/// What one role says.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// Roles whose rules it has too.
    pub inherits: Vec<String>,
    /// What it gives: `resource:action`, with `*` or `{a,b}` in place of either, or `*` alone.
    pub permissions: Vec<String>,
    /// What it takes from whoever has it.
    pub deny: Vec<String>,
}

/// Whether `pattern` stands for `permission`.
pub fn stands_for(pattern: &str, permission: &str) -> bool {
    let one =
        |pattern: &str, name: &str| match pattern.strip_prefix('{').and_then(|set| set.strip_suffix('}')) {
            Some(set) => set.split(',').any(|member| member == name),
            None => pattern == "*" || pattern == name,
        };
    if pattern == "*" {
        return true;
    }
    match (pattern.split_once(':'), permission.split_once(':')) {
        (Some((resource, action)), Some((this, that))) => one(resource, this) && one(action, that),
        _ => false,
    }
}

/// `held`, and all that they inherit from, as far as they exist.
fn with_ancestors<'r>(roles: &'r BTreeMap<String, Role>, held: &'r [String]) -> BTreeSet<&'r str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = held.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if let Some(role) = roles.get(name)
            && found.insert(name)
        {
            open.extend(role.inherits.iter().map(String::as_str));
        }
    }
    found
}

/// Whether somebody who holds the roles `held` has `permission`.
pub fn have(roles: &BTreeMap<String, Role>, held: &[String], permission: &str) -> bool {
    let all = with_ancestors(roles, held);
    let any = |patterns: fn(&Role) -> &Vec<String>| {
        all.iter().any(|name| patterns(&roles[*name]).iter().any(|pattern| stands_for(pattern, permission)))
    };
    any(|role| &role.permissions) && !any(|role| &role.deny)
}
