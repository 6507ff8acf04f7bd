//! Bodies of refusals in the language the origin's own clients understand.

mod agentflow;
pub(crate) mod context;
mod problem;
mod r2r;
mod rag_modulo;
mod ragflow;

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use context::ErrorContext;

/// A form of error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Problem details: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).
    Problem,
    /// `{"error":{"code",…},"metadata":{…}}` of AgentFlow 0.6.1 and 10xGraph 0.9.0.
    #[serde(rename = "agentflow")]
    AgentFlow,
    /// `{"message":…,"error_type":"R2RException"}` of R2R 3.6.6.
    R2r,
    /// `{"detail":…}` of RAG Modulo, which is FastAPI's.
    RagModulo,
    /// `{"code":…,"data":null,"message":…}` of RAGFlow 0.27.0.
    Ragflow,
    /// The same of RAGFlow 0.24.0, with `"data":false` where its SDK's routes refuse.
    #[serde(rename = "ragflow-0.24")]
    Ragflow024,
}

impl Dialect {
    /// The headers that describe the body, and the body.
    pub(crate) fn body(self, context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
        match self {
            Self::Problem => problem::body(context),
            Self::AgentFlow => agentflow::body(context),
            Self::R2r => r2r::body(context),
            Self::RagModulo => rag_modulo::body(context),
            Self::Ragflow => ragflow::body(context),
            Self::Ragflow024 => ragflow::body_of_0_24(context),
        }
    }
}
