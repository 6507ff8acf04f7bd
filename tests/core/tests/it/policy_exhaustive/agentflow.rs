//! What the profile AgentFlow is expected to say, and the table of its server's guide.

use std::collections::BTreeMap;

use super::paper::{Need, Never, Nothing, Permission, Role};

/// AgentFlow 0.6.1 and 10xGraph 0.9.0: method, template and what the profile asks for.
pub(crate) const AGENTFLOW: &[(&str, &str, Need)] = &[
    ("GET", "/docs", Never),
    ("GET", "/docs/oauth2-redirect", Never),
    ("GET", "/health/ready", Nothing),
    ("GET", "/openapi.json", Never),
    ("GET", "/ping", Nothing),
    ("GET", "/redocs", Never),
    ("POST", "/v1/ag-ui", Permission("graph:stream")),
    ("GET", "/v1/config/multimodal", Permission("config:read")),
    ("GET", "/v1/evals/runs", Permission("evals:read")),
    ("GET", "/v1/evals/runs/{run_id}", Permission("evals:read")),
    ("POST", "/v1/files/upload", Permission("files:upload")),
    ("GET", "/v1/files/{file_id}", Permission("files:read")),
    ("GET", "/v1/files/{file_id}/info", Permission("files:read")),
    ("GET", "/v1/files/{file_id}/url", Permission("files:read")),
    ("GET", "/v1/graph", Permission("graph:read")),
    ("POST", "/v1/graph/fix", Permission("graph:fix")),
    ("POST", "/v1/graph/invoke", Permission("graph:invoke")),
    ("WEBSOCKET", "/v1/graph/live", Permission("graph:stream")),
    ("POST", "/v1/graph/setup", Permission("graph:setup")),
    ("POST", "/v1/graph/stop", Permission("graph:stop")),
    ("POST", "/v1/graph/stream", Permission("graph:stream")),
    ("GET", "/v1/graph/tools", Permission("graph:read")),
    ("WEBSOCKET", "/v1/graph/ws", Permission("graph:stream")),
    ("GET", "/v1/graph:StateSchema", Permission("graph:read")),
    ("GET", "/v1/observability/{thread_id}", Permission("graph:read")),
    ("POST", "/v1/store/memories", Permission("store:write")),
    ("POST", "/v1/store/memories/forget", Permission("store:delete")),
    ("POST", "/v1/store/memories/list", Permission("store:read")),
    ("DELETE", "/v1/store/memories/{memory_id}", Permission("store:delete")),
    ("POST", "/v1/store/memories/{memory_id}", Permission("store:read")),
    ("PUT", "/v1/store/memories/{memory_id}", Permission("store:write")),
    ("POST", "/v1/store/search", Permission("store:read")),
    ("GET", "/v1/threads", Permission("checkpointer:read")),
    ("DELETE", "/v1/threads/{thread_id}", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}", Permission("checkpointer:read")),
    ("GET", "/v1/threads/{thread_id}/messages", Permission("checkpointer:read")),
    ("POST", "/v1/threads/{thread_id}/messages", Permission("checkpointer:write")),
    ("DELETE", "/v1/threads/{thread_id}/messages/{message_id}", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}/messages/{message_id}", Permission("checkpointer:read")),
    ("DELETE", "/v1/threads/{thread_id}/state", Permission("checkpointer:delete")),
    ("GET", "/v1/threads/{thread_id}/state", Permission("checkpointer:read")),
    ("PUT", "/v1/threads/{thread_id}/state", Permission("checkpointer:write")),
];

/// Where the profile asks for something else than the server does: the route, or its start and `*`; what the server asks
/// for; and why it is not the same here.
pub(crate) const DECIDED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("GET /docs*", "public", "documentation is refused unless `policy.docs` switches it on"),
    ("GET /redocs", "public", "documentation is refused unless `policy.docs` switches it on"),
    ("GET /openapi.json", "public", "documentation is refused unless `policy.docs` switches it on"),
    ("GET /v1/evals/runs*", "public", "left open outside production mode by the server"),
];

/// The table of AgentFlow's authentication guide.
pub(crate) fn guide() -> BTreeMap<&'static str, Role> {
    let role = |permissions| Role { permissions, ..Role::default() };
    BTreeMap::from([
        ("guest", role(&["graph:invoke"])),
        ("user", role(&["graph:invoke", "graph:stream", "checkpointer:read", "store:read"])),
        (
            "admin",
            role(&[
                "graph:invoke",
                "graph:stream",
                "graph:stop",
                "graph:setup",
                "checkpointer:read",
                "checkpointer:write",
                "checkpointer:delete",
                "store:read",
                "store:write",
            ]),
        ),
    ])
}
