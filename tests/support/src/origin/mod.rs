//! Origins to put a gate in front of: one built in, and the real AgentFlow server. Of R2R, the OpenAPI document.

pub mod agentflow;
pub mod builtin;
pub mod r2r;
pub mod tokens;
