//! What roles say of what routes ask for.

use portcullis::Gate;
use portcullis::parts::{CompiledAccess, Route};

/// What a role says of the permission that a route asks for, with all it inherits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleEffect {
    /// Whether it grants it.
    pub grants: bool,
    /// Whether it denies it, which no grant of any role outweighs.
    pub denies: bool,
}

/// What `role` says of the permission `route` asks for; `None` if it asks for none or there is no such role.
pub fn role_effect(gate: &Gate, route: &Route, role: &str) -> Option<RoleEffect> {
    let CompiledAccess::Permission(permission) = route.access else { return None };
    let role = gate.parts().policy.roles.get(role)?;
    Some(RoleEffect {
        grants: role.granted.contains(permission.position()),
        denies: role.denied.contains(permission.position()),
    })
}
