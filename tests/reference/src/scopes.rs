//! "Scopes" of `docs/decisions.md`.

use std::collections::BTreeSet;

use crate::request::Declared;
use crate::roles::Role;
use crate::routes::Route;

/// What a policy can mean by a scope.
#[derive(Debug, Clone, Default)]
pub struct Known {
    resources: BTreeSet<String>,
    actions: BTreeSet<String>,
    /// Whether a route asks for a permission.
    is_asked: bool,
}

impl Known {
    /// What these routes and roles name.
    pub fn of<'a>(
        routes: impl IntoIterator<Item = &'a Route>,
        roles: impl IntoIterator<Item = &'a Role>,
    ) -> Self {
        let mut known = Self::default();
        for route in routes {
            known.is_asked |= known.name(&route.access);
        }
        for role in roles {
            for pattern in role.permissions.iter().chain(&role.deny) {
                known.name(pattern);
            }
        }
        known
    }

    /// Takes in the names in a pattern; whether it is one of a resource and an action.
    fn name(&mut self, pattern: &str) -> bool {
        let Some((resource, action)) = pattern.split_once(':') else { return false };
        for (half, names) in [(resource, &mut self.resources), (action, &mut self.actions)] {
            let each = half.trim_matches(['{', '}']).split(',').filter(|name| *name != "*");
            names.extend(each.map(str::to_lowercase));
        }
        true
    }

    /// Whether a scope counts.
    fn counts(&self, scope: &str) -> bool {
        let halves: Vec<String> = scope.split(':').map(str::to_lowercase).collect();
        let [first, .., last] = halves.as_slice() else { return scope == "*" };
        let is_named = first == "*" || self.resources.contains(first);
        is_named || last == "*" || self.actions.contains(last) || (!self.is_asked && !scope.contains('/'))
    }

    /// Whether what a credential declares leaves the permission.
    pub fn leaves(&self, declared: &Declared, permission: &str) -> bool {
        let scopes: Vec<&str> = match declared {
            Declared::Text(text) => text.split(' ').filter(|scope| !scope.is_empty()).collect(),
            Declared::List(list) | Declared::Recorded(list) => list.iter().map(String::as_str).collect(),
        };
        let narrows = match declared {
            Declared::Recorded(_) => true,
            Declared::List(list) if list.is_empty() => true,
            _ => scopes.iter().any(|scope| self.counts(scope)),
        };
        !narrows || scopes.contains(&permission)
    }
}
