//! AgentFlow 0.6.1 and 10xGraph 0.9.0, as observed on the running servers.
//!
//! Routes, resources and actions are the server's own. The roles are the table of its authentication guide, which
//! gives nobody `graph:read`, `graph:fix`, `store:delete`, `files:*` or `config:read`; a deployment that wants those
//! writes its own roles. The evaluation routes, which the server leaves open outside production mode, ask for
//! `evals:read` here.

use super::{Profile, ProfileRole, TokenProfileName, generic};
use crate::dialect::Dialect;
use crate::upstream::CredentialFate;

pub(super) const PROFILE: Profile = Profile {
    system: "AgentFlow",
    api_key_header: Some("x-api-key"),
    websocket_protocols: &["agentflow-bearer", "10xgraph-bearer"],
    websocket_query: Some("token"),
    token: TokenProfileName::Agentflow,
    routes: &[
        ("GET /health/ready", "public"),
        ("GET /ping", "public"),
        ("POST /v1/ag-ui", "graph:stream"),
        ("GET /v1/config/multimodal", "config:read"),
        ("GET /v1/evals/runs", "evals:read"),
        ("GET /v1/evals/runs/{run_id}", "evals:read"),
        ("POST /v1/files/upload", "files:upload"),
        ("GET /v1/files/{file_id}", "files:read"),
        ("GET /v1/files/{file_id}/info", "files:read"),
        ("GET /v1/files/{file_id}/url", "files:read"),
        ("GET /v1/graph", "graph:read"),
        ("POST /v1/graph/fix", "graph:fix"),
        ("POST /v1/graph/invoke", "graph:invoke"),
        ("WEBSOCKET /v1/graph/live", "graph:stream"),
        ("POST /v1/graph/setup", "graph:setup"),
        ("POST /v1/graph/stop", "graph:stop"),
        ("POST /v1/graph/stream", "graph:stream"),
        ("GET /v1/graph/tools", "graph:read"),
        ("WEBSOCKET /v1/graph/ws", "graph:stream"),
        ("GET /v1/graph:StateSchema", "graph:read"),
        ("GET /v1/observability/{thread_id}", "graph:read"),
        ("POST /v1/store/memories", "store:write"),
        ("POST /v1/store/memories/forget", "store:delete"),
        ("POST /v1/store/memories/list", "store:read"),
        ("DELETE /v1/store/memories/{memory_id}", "store:delete"),
        ("POST /v1/store/memories/{memory_id}", "store:read"),
        ("PUT /v1/store/memories/{memory_id}", "store:write"),
        ("POST /v1/store/search", "store:read"),
        ("GET /v1/threads", "checkpointer:read"),
        ("DELETE /v1/threads/{thread_id}", "checkpointer:delete"),
        ("GET /v1/threads/{thread_id}", "checkpointer:read"),
        ("GET /v1/threads/{thread_id}/messages", "checkpointer:read"),
        ("POST /v1/threads/{thread_id}/messages", "checkpointer:write"),
        ("DELETE /v1/threads/{thread_id}/messages/{message_id}", "checkpointer:delete"),
        ("GET /v1/threads/{thread_id}/messages/{message_id}", "checkpointer:read"),
        ("DELETE /v1/threads/{thread_id}/state", "checkpointer:delete"),
        ("GET /v1/threads/{thread_id}/state", "checkpointer:read"),
        ("PUT /v1/threads/{thread_id}/state", "checkpointer:write"),
    ],
    docs: &["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redocs"],
    roles: &[
        ProfileRole { name: "guest", permissions: &["graph:invoke"] },
        ProfileRole {
            name: "user",
            permissions: &["graph:invoke", "graph:stream", "checkpointer:read", "store:read"],
        },
        ProfileRole {
            name: "admin",
            permissions: &[
                "graph:invoke",
                "graph:stream",
                "graph:stop",
                "graph:setup",
                "checkpointer:read",
                "checkpointer:write",
                "checkpointer:delete",
                "store:read",
                "store:write",
            ],
        },
    ],
    default_role: Some("guest"),
    dialect: Dialect::AgentFlow,
    realm: "auth_required",
    credential: CredentialFate::Forward,
    origin_subject: Some("/user_id"),
    origin_accepts_api_keys: false,
    ..generic::PROFILE
};
