//! Who may do what: roles, permissions and routes, compiled at load.
//!
//! A route asks for one permission `resource:action`; roles grant and deny patterns of them. Deny beats grant, and what
//! nobody granted is denied. The decision walks a trie and tests bits: no expression is evaluated, nothing is allocated.

pub(crate) mod authorize;
pub(crate) mod binding;
pub(crate) mod bits;
pub(crate) mod permission;
pub(crate) mod permission_id;
pub(crate) mod permission_index;
pub(crate) mod role;
pub(crate) mod route;
pub(crate) mod template;
pub(crate) mod text_index;
pub(crate) mod trailing_slash;
