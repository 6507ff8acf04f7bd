//! Roles, with inheritance resolved and permissions turned into bits.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::bits::BitSet;
use super::permission::{Permission, PermissionPattern};
use super::permission_index::PermissionIndex;
use super::route::Routes;
use super::text_index::TextIndex;
use crate::limits::ROLE_DEPTH;

/// A role as it is written down.
#[derive(Debug, Clone, Default)]
pub struct RoleRules {
    /// The roles it inherits from.
    pub inherits: Vec<String>,
    /// What it grants.
    pub granted: Vec<PermissionPattern>,
    /// What it denies, which no grant outweighs.
    pub denied: Vec<PermissionPattern>,
}

/// What a role means for the permissions that routes ask for, inherited rules included.
#[derive(Debug, Clone)]
pub struct Role {
    /// What it grants, by the number of the permission.
    pub granted: BitSet,
    /// What it denies, by the number of the permission.
    pub denied: BitSet,
    /// What the role itself says, for permissions that no route asks for.
    own: RoleRules,
    /// The role and all it inherits from, by their places among all roles.
    ancestors: BitSet,
}

/// All roles by name.
#[derive(Debug, Clone)]
pub struct Roles {
    /// The place of each in `all`, which is ordered by name.
    by_name: TextIndex,
    all: Vec<Role>,
}

/// Inheritance that does not end, at the role it was found from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InheritanceError {
    /// The role inherits from itself by way of these.
    Cycle(Vec<String>),
    /// The chain is longer than [`ROLE_DEPTH`].
    TooDeep,
    /// There is no role of this name.
    Unknown(String),
}

impl Roles {
    /// Resolves `rules` against the permissions of `routes`.
    ///
    /// # Errors
    ///
    /// The name of a role and what is wrong with its inheritance.
    pub fn compile(
        rules: BTreeMap<String, RoleRules>,
        routes: &Routes,
    ) -> Result<Self, (String, InheritanceError)> {
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        by_name.extend(rules.keys().cloned().zip(0..));
        let rules: Vec<RoleRules> = rules.into_values().collect();
        let mut resolver = Resolver {
            by_name: &by_name,
            rules: &rules,
            permission_index: PermissionIndex::new(routes.permissions().map(|(_, permission)| permission)),
            permissions: routes.permission_count(),
            resolved: rules.iter().map(|_| None).collect(),
        };
        for name in by_name.keys() {
            resolver.resolve(name, &mut Vec::new()).map_err(|error| (name.clone(), error))?;
        }
        // INVARIANT: without an error every role is resolved.
        let resolved = resolver.resolved.into_iter().flatten();
        let all = resolved.zip(rules).map(|(role, own)| {
            let Resolved { granted, denied, ancestors, .. } = role;
            Role { granted, denied, own, ancestors }
        });
        Ok(Self { all: all.collect(), by_name: by_name.into() })
    }

    /// The role `name`.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.all.get(self.by_name.get(name)?)
    }

    /// Whether `role` grants and whether it denies `permission`, by the patterns of its ancestors.
    pub fn patterns(&self, role: &Role, permission: &Permission) -> (bool, bool) {
        let any = |patterns: &[PermissionPattern]| patterns.iter().any(|pattern| pattern.matches(permission));
        self.ancestors(role).fold((false, false), |(grants, denies), (_, role)| {
            (grants || any(&role.own.granted), denies || any(&role.own.denied))
        })
    }

    /// Whether `role`, with all it inherits, grants or denies anything.
    pub fn has_rules(&self, role: &Role) -> bool {
        self.ancestors(role).any(|(_, role)| !role.own.granted.is_empty() || !role.own.denied.is_empty())
    }

    /// `role` and all it inherits from, with their names.
    pub fn ancestors<'a>(&'a self, role: &'a Role) -> impl Iterator<Item = (&'a str, &'a Role)> {
        let named = self.names().zip(&self.all);
        let in_lineage = named.enumerate().filter(|(place, _)| role.ancestors.contains(*place));
        in_lineage.map(|(_, named)| named)
    }

    /// The permissions that some role gives to whoever has that role alone.
    pub fn usable(&self, routes: &Routes) -> BitSet {
        let mut usable = BitSet::with_capacity(routes.permission_count());
        for role in &self.all {
            usable.merge_without(&role.granted, &role.denied);
        }
        usable
    }

    /// What all roles grant and deny, as it is written.
    pub fn written_patterns(&self) -> impl Iterator<Item = &PermissionPattern> {
        self.all.iter().flat_map(|role| role.own.granted.iter().chain(&role.own.denied))
    }

    /// The names of all roles.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.iter().map(|(name, _)| name)
    }
}

/// Resolves roles, each once.
struct Resolver<'r> {
    by_name: &'r BTreeMap<String, usize>,
    rules: &'r [RoleRules],
    permission_index: PermissionIndex<'r>,
    /// How many permissions routes ask for.
    permissions: usize,
    resolved: Vec<Option<Resolved>>,
}

struct Resolved {
    granted: BitSet,
    denied: BitSet,
    ancestors: BitSet,
    /// How many roles its longest chain of inheritance has, itself included.
    depth: usize,
}

impl<'r> Resolver<'r> {
    /// Resolves `name` and what it inherits from; `path` has the roles on the way to it, `ROLE_DEPTH` at most.
    fn resolve(&mut self, name: &'r str, path: &mut Vec<&'r str>) -> Result<(), InheritanceError> {
        let unknown = || InheritanceError::Unknown(name.to_owned());
        let place = self.by_name.get(name).copied().ok_or_else(unknown)?;
        let Some(own) = self.rules.get(place) else { return Ok(()) };
        if self.at(place).is_some() {
            return Ok(());
        }
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            let around = path.iter().skip(start).map(|seen| (*seen).to_owned()).chain([name.to_owned()]);
            return Err(InheritanceError::Cycle(around.collect()));
        }
        if path.len() >= ROLE_DEPTH {
            return Err(InheritanceError::TooDeep);
        }
        path.push(name);
        let mut role = Resolved {
            granted: BitSet::with_capacity(self.permissions),
            denied: BitSet::with_capacity(self.permissions),
            ancestors: BitSet::with_capacity(self.rules.len()),
            depth: 1,
        };
        role.ancestors.insert(place);
        for parent in &own.inherits {
            self.resolve(parent, path)?;
            if let Some(parent) = self.by_name.get(parent).and_then(|place| self.at(*place)) {
                role.granted.merge(&parent.granted);
                role.denied.merge(&parent.denied);
                role.ancestors.merge(&parent.ancestors);
                role.depth = role.depth.max(parent.depth.saturating_add(1));
            }
        }
        // Whatever was resolved before: a chain is too long or it is not.
        if role.depth > ROLE_DEPTH {
            return Err(InheritanceError::TooDeep);
        }
        self.mark(&own.granted, &mut role.granted);
        self.mark(&own.denied, &mut role.denied);
        path.pop();
        if let Some(slot) = self.resolved.get_mut(place) {
            *slot = Some(role);
        }
        Ok(())
    }

    fn at(&self, place: usize) -> Option<&Resolved> {
        self.resolved.get(place)?.as_ref()
    }

    /// Adds to `set` the permissions that `patterns` stand for.
    fn mark(&self, patterns: &[PermissionPattern], set: &mut BitSet) {
        for pattern in patterns {
            let _ = self.permission_index.each(pattern, |position| {
                set.insert(position);
                ControlFlow::Continue(())
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InheritanceError, RoleRules, Roles};
    use crate::limits::ROLE_DEPTH;
    use crate::policy::route::Routes;
    use crate::policy::trailing_slash::TrailingSlash;
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// A chain of roles, each of which inherits from the next.
    fn chain(names: &[String]) -> BTreeMap<String, RoleRules> {
        let parents = names.iter().skip(1).map(|parent| Vec::from([parent.clone()])).chain([Vec::new()]);
        let rules = parents.map(|inherits| RoleRules { inherits, ..RoleRules::default() });
        names.iter().cloned().zip(rules).collect()
    }

    #[test]
    fn what_roles_are_called_makes_no_chain_shorter() {
        let routes = Routes::compile(Vec::new(), TrailingSlash::Distinct).unwrap();
        for length in [ROLE_DEPTH, ROLE_DEPTH + 1, ROLE_DEPTH * 3] {
            let mut names: Vec<String> = (0..length).map(|number| format!("{number:03}")).collect();
            for _ in 0..2 {
                let error = Roles::compile(chain(&names), &routes).err().map(|(_, error)| error);
                assert_eq!(error, (length > ROLE_DEPTH).then_some(InheritanceError::TooDeep), "{length}");
                names.reverse();
            }
        }
    }
}
