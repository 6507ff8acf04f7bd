//! Bodies of refusals in the language the origin's own clients understand.

mod agentflow;
mod problem;
mod r2r;
mod rag_modulo;
mod ragflow;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

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
    /// `{"message":…,"error_type":"R2RException"}` of R2R 3.6.6.
    R2r,
    /// `{"detail":…}` of RAG Modulo, which is FastAPI's.
    RagModulo,
    /// `{"code":…,"data":null,"message":…}` of RAGFlow 0.27.0.
    Ragflow,
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
            Self::R2r => r2r::body(telling),
            Self::RagModulo => rag_modulo::body(telling),
            Self::Ragflow => ragflow::body(telling),
        }
    }
}

/// `body` as JSON, beside the identifier of the request, for which these bodies have no member.
fn json(telling: &Telling<'_>, body: &impl Serialize) -> (Vec<(String, String)>, String) {
    let headers = [("content-type", "application/json"), ("x-request-id", telling.request_id)];
    let headers = headers.iter().filter(|(_, value)| !value.is_empty());
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    (headers, serde_json::to_string(body).unwrap_or_default())
}
