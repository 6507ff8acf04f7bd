//! Origins to put a gate in front of: one built in, and the real AgentFlow server. Of R2R, the OpenAPI document.

pub(crate) mod agentflow;
pub(crate) mod builtin;
pub(crate) mod r2r;
pub(crate) mod tokens;
