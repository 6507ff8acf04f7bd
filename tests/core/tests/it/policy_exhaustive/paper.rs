//! An evaluator as one would write it on paper.

use std::collections::BTreeMap;

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    Never,
    Permission(&'static str),
}

pub(crate) use Need::{Never, Nothing, Permission};

/// A role as a person would write it on paper.
#[derive(Debug, Default, Clone)]
pub(crate) struct Role {
    pub(crate) inherits: &'static [&'static str],
    pub(crate) permissions: &'static [&'static str],
    pub(crate) deny: &'static [&'static str],
}

/// The evaluator: what the documentation says, said again.
pub(crate) struct Paper<'p> {
    pub(crate) roles: &'p BTreeMap<&'static str, Role>,
    pub(crate) default_role: Option<&'static str>,
    pub(crate) scopes_narrow: bool,
}

impl Paper<'_> {
    /// `carried`: the roles of the token, `None` if it says nothing about roles.
    pub(crate) fn expected(
        &self,
        carried: Option<&[&str]>,
        scopes: Option<&[&str]>,
        need: Need,
    ) -> (u16, &'static str) {
        let permission = match need {
            Nothing => return (200, "-"),
            Never => return (403, "route_refused"),
            Permission(permission) => permission,
        };
        let carried: Vec<&str> = match carried {
            Some(carried) => carried.to_vec(),
            None => self.default_role.into_iter().collect(),
        };
        let (mut granted, mut denied) = (false, false);
        for role in carried {
            granted |= self.says(role, permission, |role| role.permissions);
            denied |= self.says(role, permission, |role| role.deny);
        }
        if denied {
            (403, "permission_denied")
        } else if !granted {
            (403, "permission_missing")
        } else if self.scopes_narrow && scopes.is_some_and(|scopes| !scopes.contains(&permission)) {
            (403, "scope_missing")
        } else {
            (200, "-")
        }
    }

    fn says(&self, name: &str, permission: &str, list: fn(&Role) -> &'static [&'static str]) -> bool {
        let Some(role) = self.roles.get(name) else { return false };
        let (resource, action) = permission.split_once(':').unwrap();
        let stands_for = [permission, "*", "*:*", &format!("{resource}:*"), &format!("*:{action}")];
        list(role).iter().any(|pattern| stands_for.contains(pattern))
            || role.inherits.iter().any(|parent| self.says(parent, permission, list))
    }
}
