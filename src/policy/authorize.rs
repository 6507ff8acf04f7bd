//! Whether a caller may do what a route asks for.

use alloc::vec::Vec;

use super::permission::Permission;
use super::permission_id::PermissionId;
use super::role::{Role, Roles};
use super::route::Routes;
use crate::error::PolicyError;
use crate::json::Pointer;
use crate::principal::Principal;

/// Routes and roles, ready to decide.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The routes.
    pub routes: Routes,
    /// The roles.
    pub roles: Roles,
    /// Whether the scopes a proof declares narrow what its roles grant.
    pub scopes_narrow: bool,
    /// Places in the claims that bindings of routes compare with.
    pub attributes: Vec<Pointer>,
}

impl Policy {
    /// Decides whether `principal` has the permission with index `permission`.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] says which rule refused.
    pub fn authorize(&self, principal: &Principal, permission: PermissionId) -> Result<(), PolicyError> {
        let mut granted = false;
        for (_, role) in self.known_roles(principal) {
            if role.denied.contains(permission.position()) {
                return Err(PolicyError::PermissionDenied);
            }
            granted |= role.granted.contains(permission.position());
        }
        if !granted {
            return Err(PolicyError::PermissionMissing);
        }
        // INVARIANT: an index comes from a route, and every route's permission is in the list.
        let permission = self.routes.permission(permission).ok_or(PolicyError::PermissionMissing)?;
        self.check_scopes(principal, permission)
    }
}

impl Policy {
    /// Decides whether `principal` has `permission`, which no route need ask for.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] says which rule refused.
    pub fn permits(&self, principal: &Principal, permission: &Permission) -> Result<(), PolicyError> {
        let mut granted = false;
        for (_, role) in self.known_roles(principal) {
            let (grants, denies) = self.roles.patterns(role, permission);
            if denies {
                return Err(PolicyError::PermissionDenied);
            }
            granted |= grants;
        }
        if !granted {
            return Err(PolicyError::PermissionMissing);
        }
        self.check_scopes(principal, permission)
    }

    fn check_scopes(&self, principal: &Principal, permission: &Permission) -> Result<(), PolicyError> {
        match &principal.scopes {
            Some(scopes) if self.scopes_narrow && !scopes.iter().any(|scope| permission.is(scope)) => {
                Err(PolicyError::ScopeMissing)
            }
            _ => Ok(()),
        }
    }

    /// The roles of `principal` that exist.
    pub fn known_roles<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = (&'a str, &'a Role)> {
        principal.roles.iter().filter_map(|name| self.roles.get(name).map(|role| (name.as_str(), role)))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::Policy;
    use crate::policy::permission::PermissionPattern;
    use crate::policy::role::{RoleRules, Roles};
    use crate::policy::route::{Access, CompiledAccess, Routes, WrittenRoute};
    use crate::policy::template::RouteTemplate;
    use crate::policy::trailing_slash::TrailingSlash;
    use crate::principal::{Marks, Principal, Proof};
    use crate::validity::Validity;

    /// 10,000 routes and 1,000 roles.
    fn large() -> Policy {
        let routes = (0..10_000)
            .map(|n| {
                let template = RouteTemplate::parse(&format!("GET /v1/r{}/{{id}}/p{n}", n % 100)).unwrap();
                WrittenRoute::new(template, Access::parse(&format!("r{}:a{}", n % 100, n % 7)).unwrap())
            })
            .collect();
        let routes = Routes::compile(routes, TrailingSlash::Distinct).unwrap();
        let rules: BTreeMap<String, RoleRules> = (0..1_000)
            .map(|n| {
                let granted = Vec::from([PermissionPattern::parse(&format!("r{}:*", n % 100)).unwrap()]);
                (format!("role{n}"), RoleRules { granted, ..RoleRules::default() })
            })
            .collect();
        let roles = Roles::compile(rules, &routes).unwrap();
        Policy { routes, roles, scopes_narrow: true, attributes: Vec::new() }
    }

    #[test]
    fn a_decision_allocates_nothing() {
        let policy = large();
        let principal = Principal {
            subject: "alice".to_string(),
            roles: ["stranger".to_string(), "role42".to_string()].into(),
            scopes: Some(["r42:a0".to_string()].into()),
            tenant: None,
            attributes: BTreeMap::new(),
            carried: BTreeMap::new(),
            handling: None,
            proof: Proof::ApiKey { key_id: "k".to_string() },
            marks: Marks::default(),
            validity: Validity::ApiKey(None),
        };
        let mut allowed = 0;
        let counted = allocation_counter::measure(|| {
            for path in ["/v1/r42/x/p42", "/v1/r42/x/p142", "/v1/r41/x/p41", "/v1/none", "/v1/r42/x/p42/"] {
                let Some(route) = policy.routes.find("GET", path) else { continue };
                let CompiledAccess::Permission(permission) = route.access else { continue };
                allowed += u8::from(policy.authorize(&principal, permission).is_ok());
            }
        });
        assert_eq!(allowed, 1);
        assert_eq!(counted.count_total, 0);
    }
}
