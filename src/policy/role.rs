//! Roles, with inheritance resolved and permissions turned into bits.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Permission, PermissionPattern, PermissionSet, Routes};
use crate::limits::ROLE_DEPTH;

/// A role as it is written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoleRules {
    pub(crate) inherits: Vec<String>,
    pub(crate) granted: Vec<PermissionPattern>,
    pub(crate) denied: Vec<PermissionPattern>,
}

/// What a role means for the permissions that routes ask for, inherited rules included.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) granted: PermissionSet,
    pub(crate) denied: PermissionSet,
    /// What the role itself says, for permissions that no route asks for.
    own: RoleRules,
    /// The role and all it inherits from, by name.
    lineage: BTreeSet<String>,
}

/// All roles by name.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    by_name: BTreeMap<String, Role>,
}

/// Inheritance that does not end, at the role it was found from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InheritanceError {
    /// The role inherits from itself by way of these.
    Cycle(Vec<String>),
    /// The chain is longer than [`ROLE_DEPTH`].
    TooDeep,
}

impl Roles {
    /// Resolves `rules` against the permissions of `routes`. Inherited names exist; the configuration sees to it.
    ///
    /// # Errors
    ///
    /// The name of a role and what is wrong with its inheritance.
    pub(crate) fn compile(
        rules: &BTreeMap<String, RoleRules>,
        routes: &Routes,
    ) -> Result<Self, (String, InheritanceError)> {
        let mut by_name = BTreeMap::new();
        for name in rules.keys() {
            resolve(name, rules, routes, &mut Vec::new(), &mut by_name)
                .map_err(|error| (name.clone(), error))?;
        }
        Ok(Self { by_name })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Role> {
        self.by_name.get(name)
    }

    /// Whether `role` grants and whether it denies `permission`, by the patterns of its lineage.
    pub(crate) fn patterns(&self, role: &Role, permission: &Permission) -> (bool, bool) {
        let any = |patterns: &[PermissionPattern]| patterns.iter().any(|pattern| pattern.matches(permission));
        role.lineage
            .iter()
            .filter_map(|name| self.get(name))
            .fold((false, false), |(grants, denies), role| {
                (grants || any(&role.own.granted), denies || any(&role.own.denied))
            })
    }

    /// The names of all roles.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }
}

fn resolve<'r>(
    name: &'r str,
    rules: &'r BTreeMap<String, RoleRules>,
    routes: &Routes,
    path: &mut Vec<&'r str>,
    done: &mut BTreeMap<String, Role>,
) -> Result<(), InheritanceError> {
    if done.contains_key(name) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|seen| *seen == name) {
        let around = path.iter().skip(start).map(|seen| (*seen).to_owned()).chain([name.to_owned()]);
        return Err(InheritanceError::Cycle(around.collect()));
    }
    if path.len() >= ROLE_DEPTH {
        return Err(InheritanceError::TooDeep);
    }
    let Some(own) = rules.get(name) else { return Ok(()) };
    path.push(name);
    let mut role = Role {
        granted: PermissionSet::with_capacity(routes.permission_count()),
        denied: PermissionSet::with_capacity(routes.permission_count()),
        own: own.clone(),
        lineage: BTreeSet::from([name.to_owned()]),
    };
    for parent in &own.inherits {
        resolve(parent, rules, routes, path, done)?;
        if let Some(parent) = done.get(parent) {
            role.granted.merge(&parent.granted);
            role.denied.merge(&parent.denied);
            role.lineage.extend(parent.lineage.iter().cloned());
        }
    }
    for (index, permission) in routes.permissions() {
        if own.granted.iter().any(|pattern| pattern.matches(permission)) {
            role.granted.insert(index);
        }
        if own.denied.iter().any(|pattern| pattern.matches(permission)) {
            role.denied.insert(index);
        }
    }
    path.pop();
    done.insert(name.to_owned(), role);
    Ok(())
}
