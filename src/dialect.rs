//! Bodies of refusals in the language the origin's own clients understand.

mod agentflow;
mod problem;

use alloc::string::String;
use alloc::vec::Vec;

use crate::challenge::Refusal;
use crate::policy::Permission;
use crate::time::UnixTime;

/// A form of error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Problem details: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).
    Problem,
    /// `{"error":{"code",…},"metadata":{…}}` of AgentFlow 0.6.1 and 10xGraph 0.9.0.
    AgentFlow,
}

/// What a body may tell the caller.
pub(crate) struct Telling<'t> {
    pub(crate) refusal: Refusal,
    /// The permission that was asked for, where that is why.
    pub(crate) permission: Option<&'t Permission>,
    pub(crate) request_id: &'t str,
    pub(crate) now: UnixTime,
}

impl Dialect {
    /// The headers that describe the body, and the body.
    pub(crate) fn body(self, telling: &Telling<'_>) -> (Vec<(String, String)>, String) {
        match self {
            Self::Problem => problem::body(telling),
            Self::AgentFlow => agentflow::body(telling),
        }
    }
}
