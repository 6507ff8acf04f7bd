//! A caller that is allowed.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::principal::Principal;

/// Who a request is handed on for.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    /// The roles the policy knows; no others are passed on, so that an issuer cannot name a role that only the origin
    /// knows.
    pub(crate) roles: Vec<String>,
}
