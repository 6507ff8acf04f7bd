//! Origins to put a gate in front of: one built in, and the real AgentFlow server.

pub(crate) mod agentflow;
pub(crate) mod builtin;
pub(crate) mod tokens;
