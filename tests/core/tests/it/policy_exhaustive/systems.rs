//! What the profiles R2R, RAG Modulo and RAGFlow are expected to say: their routes, their roles, and where they ask for
//! something else than the servers do.

use std::collections::BTreeMap;

use super::paper::{Need, Role};

/// The expectations about one profile.
pub(crate) struct System {
    pub(crate) profile: &'static str,
    /// A line `METHOD /template access` for each route, with `path.user_id=subject` behind it where callers are bound, and
    /// `query.user_id?=subject` where they are bound if there is such a parameter.
    table: &'static str,
    /// The file with what the servers ask for, and which of its rows.
    pub(crate) file: &'static str,
    pub(crate) server: Option<&'static str>,
    pub(crate) default_role: Option<&'static str>,
    roles: &'static [(&'static str, &'static [&'static str])],
    /// Those that inherit or deny.
    combined: &'static [(&'static str, Role)],
    /// As [`super::agentflow::DECIDED_OTHERWISE`].
    pub(crate) decided: &'static [(&'static str, &'static str, &'static str)],
    /// Routes that the servers have no row for: what two of theirs have in common.
    pub(crate) common: &'static [&'static str],
    /// Templates of the servers that a policy cannot say, and what they are in one.
    pub(crate) rewritten: &'static [(&'static str, &'static str)],
}

impl System {
    pub(crate) fn table(&self) -> Vec<(&'static str, &'static str, Need)> {
        let parse = |line: &'static str| {
            let words: Vec<_> = line.split(' ').collect();
            let need = match words[2] {
                "public" => Need::Nothing,
                "refused" => Need::Never,
                permission => Need::Permission(permission),
            };
            (words[0], words[1], need)
        };
        self.table.lines().map(parse).collect()
    }

    /// Method and template of the routes that are bound to the subject by their path.
    pub(crate) fn bound(&self) -> Vec<(&'static str, &'static str)> {
        let bound = self.table.lines().filter(|line| line.ends_with(" path.user_id=subject"));
        bound
            .map(|line| line.split_once(' ').unwrap())
            .map(|(method, rest)| (method, rest.split(' ').next().unwrap()))
            .collect()
    }

    /// The bindings of each route that has any, as they are shown.
    pub(crate) fn bindings(&self) -> BTreeMap<String, Vec<String>> {
        let shown = |word: &str| match word.split_once('=').unwrap() {
            (parameter, values) if parameter.ends_with('?') => {
                format!("{} = {values} (optional)", parameter.trim_end_matches('?'))
            }
            (parameter, values) => format!("{parameter} = {values}"),
        };
        let parse = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            (words[..2].join(" "), words[3..].iter().map(|word| shown(word)).collect())
        };
        self.table.lines().map(parse).filter(|(_, bindings): &(_, Vec<_>)| !bindings.is_empty()).collect()
    }

    pub(crate) fn roles(&self) -> BTreeMap<&'static str, Role> {
        let plain =
            self.roles.iter().map(|(name, permissions)| (*name, Role { permissions, ..Role::default() }));
        plain.chain(self.combined.iter().map(|(name, role)| (*name, role.clone()))).collect()
    }
}

const DOCS: &str = "documentation is refused unless `policy.docs` switches it on";

pub(crate) const R2R: System = System {
    profile: "r2r",
    table: include_str!("r2r.txt"),
    file: "r2r.json",
    server: None,
    default_role: Some("user"),
    roles: &[
        (
            "user",
            &[
                "chunks:delete",
                "chunks:read",
                "chunks:search",
                "chunks:write",
                "collections:delete",
                "collections:extract",
                "collections:read",
                "collections:write",
                "conversations:create",
                "conversations:delete",
                "conversations:read",
                "documents:deduplicate",
                "documents:delete",
                "documents:download",
                "documents:extract",
                "documents:read",
                "documents:search",
                "documents:write",
                "graphs:build",
                "graphs:create-entity",
                "graphs:delete-community",
                "graphs:pull",
                "graphs:read",
                "graphs:update-community",
                "indices:read",
                "retrieval:agent",
                "retrieval:completion",
                "retrieval:embedding",
                "retrieval:rag",
                "retrieval:search",
                "users:change-password",
                "users:create-key",
                "users:delete",
                "users:delete-key",
                "users:list-keys",
                "users:logout",
                "users:read",
                "users:write",
            ],
        ),
        ("admin", &["*"]),
    ],
    combined: &[],
    decided: &[
        ("GET /docs*", "public", DOCS),
        ("GET /redoc", "public", DOCS),
        ("GET /openapi*", "public", DOCS),
        ("GET /v3/documents/{id}/collections", "documents:read", "a superuser's, unlike other reading"),
        ("GET /v3/users", "users:read", "a superuser's, unlike other reading"),
        (
            "POST /v3/users/{id}/collections/{collection_id}",
            "users:write",
            "the server lets every user into any collection",
        ),
        (
            "POST /v3/conversations/{id}/messages/{message_id}",
            "conversations:write",
            "the server finds the message by its own identifier, whatever conversation is named",
        ),
        ("POST /v3/conversations", "conversations:write", "a user's, unlike changing any conversation"),
        (
            "POST /v3/graphs/{collection_id}/communities/{community_id}",
            "graphs:write",
            "a user's, unlike other writing",
        ),
        (
            "DELETE /v3/graphs/{collection_id}/communities/{community_id}",
            "graphs:delete",
            "a user's, unlike other deleting",
        ),
        ("POST /v3/graphs/{collection_id}/entities", "graphs:write", "a user's, unlike other writing"),
    ],
    common: &["GET /v3/collections/name/documents", "GET /v3/collections/name/users"],
    rewritten: &[],
};

pub(crate) const RAG_MODULO: System = System {
    profile: "rag-modulo",
    table: include_str!("rag_modulo.txt"),
    file: "rag-modulo.json",
    server: None,
    default_role: None,
    roles: &[
        (
            "guest",
            &[
                "auth:check-auth",
                "auth:logout",
                "auth:me",
                "auth:session",
                "auth:userinfo",
                "collections:read",
                "root:read",
            ],
        ),
        (
            "user",
            &[
                "auth:check-auth",
                "auth:logout",
                "auth:me",
                "auth:session",
                "auth:userinfo",
                "chat:delete",
                "chat:invoke",
                "chat:read",
                "chat:write",
                "collections:delete",
                "collections:download",
                "collections:read",
                "collections:write",
                "conversations:delete",
                "conversations:invoke",
                "conversations:read",
                "conversations:write",
                "dashboard:read",
                "mcp:read",
                "mcp:write",
                "podcasts:delete",
                "podcasts:download",
                "podcasts:read",
                "podcasts:write",
                "root:read",
                "runtime-configs:delete",
                "runtime-configs:read",
                "runtime-configs:write",
                "search:search",
                "token-warnings:delete",
                "token-warnings:read",
                "users:delete",
                "users:read",
                "users:write",
                "voices:delete",
                "voices:download",
                "voices:invoke",
                "voices:read",
                "voices:write",
            ],
        ),
        ("admin", &["*"]),
    ],
    combined: &[],
    decided: &[
        ("GET /docs*", "public", DOCS),
        ("GET /redoc", "public", DOCS),
        ("GET /openapi.json", "public", DOCS),
        ("GET /api/auth/session", "public", "its handler verifies the token, which must reach it"),
        ("GET /api/auth/userinfo", "public", "its handler verifies the token, which must reach it"),
        ("POST /api/users/", "users:write", "an admin's, unlike other writing"),
        ("POST /api/collections/cleanup-orphaned", "collections:write", "about everybody's"),
        ("POST /api/collections/debug-form-data*", "collections:write", "for developers, not for its page"),
        (
            "DELETE /api/collections/{collection_id}/users",
            "collections:delete",
            "takes everybody out of a collection",
        ),
        (
            "POST /api/chat/sessions/{session_id}/conversation-suggestions",
            "chat:write",
            "for anybody's session, unlike other writing",
        ),
        ("GET /api/token-warnings/recent", "token-warnings:read", "about everybody"),
        ("GET /api/token-warnings/session/{session_id}", "token-warnings:read", "about anybody"),
        ("DELETE /api/token-warnings/{warning_id}", "token-warnings:delete", "about anybody"),
    ],
    common: &["GET /api/podcasts/voice-preview/audio"],
    rewritten: &[],
};

pub(crate) const RAGFLOW: System = System {
    profile: "ragflow",
    table: include_str!("ragflow.txt"),
    file: "ragflow.json",
    server: Some("api:9380"),
    default_role: Some("user"),
    roles: &[
        (
            "user",
            &[
                "agents:attachment",
                "agents:download",
                "agents:invoke",
                "agents:read",
                "agents:sessions",
                "agents:upload",
                "agents_openai:invoke",
                "chat:invoke",
                "chat:search",
                "chat:write",
                "chats:delete",
                "chats:invoke",
                "chats:read",
                "chats:write",
                "chats_openai:invoke",
                "compilation-template-groups:read",
                "compilation-templates:read",
                "datasets:delete",
                "datasets:read",
                "datasets:search",
                "datasets:write",
                "dify:read",
                "dify:search",
                "document:download",
                "document:read",
                "document:write",
                "documents:download",
                "documents:image",
                "documents:read",
                "documents:write",
                "file:read",
                "file:write",
                "files:delete",
                "files:read",
                "files:write",
                "memories:delete",
                "memories:read",
                "memories:write",
                "messages:delete",
                "messages:read",
                "messages:write",
                "models:read",
                "openai:invoke",
                "retrieval:search",
                "searches:delete",
                "searches:invoke",
                "searches:read",
                "searches:write",
                "sessions:search",
                "tasks:write",
                "thumbnails:read",
                "users:read",
                "workspace-files:read",
                "workspaces:read",
                "workspaces:write",
            ],
        ),
        ("admin", &["*"]),
        (
            "shared",
            &[
                "agentbots:invoke",
                "agentbots:read",
                "agents:attachment",
                "agents:upload",
                "chatbots:invoke",
                "chatbots:read",
                "documents:download",
                "documents:image",
                "searchbots:invoke",
                "searchbots:read",
                "searchbots:search",
                "thumbnails:read",
            ],
        ),
    ],
    combined: &[
        (
            "owner",
            Role {
                inherits: &["user"],
                permissions: &[
                    "agents:delete",
                    "agents:inspect",
                    "agents:write",
                    "auth:logout",
                    "chat-channels:delete",
                    "chat-channels:read",
                    "chat-channels:write",
                    "compilation-template-groups:delete",
                    "compilation-template-groups:write",
                    "connectors:delete",
                    "connectors:read",
                    "connectors:write",
                    "langfuse:delete",
                    "langfuse:read",
                    "langfuse:write",
                    "llm:write",
                    "mcp:delete",
                    "mcp:read",
                    "mcp:write",
                    "models:write",
                    "plugin:read",
                    "providers:delete",
                    "providers:read",
                    "providers:write",
                    "system:read",
                    "system:tokens",
                    "tenants:delete",
                    "tenants:read",
                    "tenants:write",
                    "users:write",
                ],
                deny: &[],
            },
        ),
        ("api-key", Role { inherits: &[], permissions: &[], deny: &["auth:logout", "system:tokens"] }),
    ],
    decided: &[
        ("GET /docs", "public", DOCS),
        ("GET /redocs", "public", DOCS),
        ("GET /scalar", "public", DOCS),
        ("GET /openapi.json", "public", DOCS),
        (
            "POST /api/v1/agents/{agent_id}/upload",
            "agents:write",
            "for running an agent, not for changing it",
        ),
        ("GET /api/v1/agents/attachments/{attachment_id}/download", "agents:download", SHARED),
        ("GET /api/v1/documents/images/{image_id}", "documents:read", SHARED),
        ("POST /api/v1/users", "public", ACCOUNTS),
        ("GET /api/v1/agents/{agent_id}", "agents:read", DEFINITION),
        ("GET /api/v1/agents/{agent_id}/versions/{version_id}", "agents:read", DEFINITION),
        ("GET /api/v1/agents/{agent_id}/sessions*", "agents:read", DEFINITION),
        ("POST /api/v1/agents/{agent_id}/sessions", "agents:write", DEFINITION),
        (
            "DELETE /api/v1/agents/{agent_id}/sessions*",
            "agents:delete",
            "of a conversation, not of the agent",
        ),
        ("GET /api/v1/system/tokens", "system:read", KEYS),
        ("POST /api/v1/system/tokens", "system:write", KEYS),
        ("DELETE /api/v1/system/tokens/{token}", "system:delete", KEYS),
    ],
    common: &[],
    rewritten: &[
        ("/api/v1/messages/{memory_id}:{message_id}", "/api/v1/messages/{message}"),
        ("/api/v1/messages/{memory_id}:{message_id}/content", "/api/v1/messages/{message}/content"),
        (
            "/api/v1/datasets/{dataset_id}/navigation/{name:path}/children",
            "/api/v1/datasets/{dataset_id}/navigation/{name:path}",
        ),
    ],
};

const SHARED: &str = "open to whoever has a link to a shared bot, unlike others of its kind";
const DEFINITION: &str = "shows the definition of an agent, which has the secrets of its webhook in it";
const KEYS: &str = "a key must not list, make or name keys";

/// RAGFlow v0.24.0, whose pages use `/v1`.
pub(crate) const RAGFLOW_0_24: System = System {
    profile: "ragflow-0.24",
    table: include_str!("ragflow_0_24.txt"),
    file: "ragflow-v0.24.0.json",
    server: Some("api:9380"),
    default_role: Some("user"),
    roles: &[
        (
            "user",
            &[
                "agents:invoke",
                "agents:read",
                "agents:sessions",
                "agents_openai:invoke",
                "canvas:download",
                "canvas:invoke",
                "canvas:read",
                "canvas:sessions",
                "canvas:upload",
                "chats:delete",
                "chats:invoke",
                "chats:read",
                "chats:write",
                "chats_openai:invoke",
                "chunk:read",
                "chunk:search",
                "chunk:write",
                "conversation:invoke",
                "conversation:read",
                "conversation:search",
                "conversation:write",
                "datasets:delete",
                "datasets:read",
                "datasets:write",
                "dialog:read",
                "dialog:write",
                "dify:search",
                "document:download",
                "document:invoke",
                "document:read",
                "document:write",
                "evaluation:delete",
                "evaluation:read",
                "evaluation:write",
                "file:download",
                "file:read",
                "file:write",
                "file2document:write",
                "kb:delete",
                "kb:read",
                "kb:write",
                "llm:read",
                "memories:delete",
                "memories:read",
                "memories:write",
                "messages:delete",
                "messages:read",
                "messages:write",
                "retrieval:search",
                "search:read",
                "search:write",
                "sequence2txt:write",
                "sessions:invoke",
                "sessions:search",
                "system:version",
                "tts:write",
                "user:read",
            ],
        ),
        ("admin", &["*"]),
        (
            "shared",
            &[
                "agentbots:invoke",
                "agentbots:read",
                "canvas:shared",
                "chatbots:invoke",
                "chatbots:read",
                "conversation:shared",
                "documents:download",
                "searchbots:invoke",
                "searchbots:read",
                "searchbots:search",
            ],
        ),
    ],
    combined: &[
        (
            "owner",
            Role {
                inherits: &["user"],
                permissions: &[
                    "agents:delete",
                    "agents:inspect",
                    "agents:write",
                    "canvas:inspect",
                    "canvas:write",
                    "connector:read",
                    "connector:write",
                    "langfuse:delete",
                    "langfuse:read",
                    "langfuse:write",
                    "llm:write",
                    "mcp_server:read",
                    "mcp_server:write",
                    "plugin:read",
                    "system:read",
                    "system:tokens",
                    "tenant:delete",
                    "tenant:read",
                    "tenant:write",
                    "user:logout",
                    "user:write",
                ],
                deny: &[],
            },
        ),
        ("api-key", Role { inherits: &[], permissions: &[], deny: &["system:tokens", "user:logout"] }),
    ],
    decided: &[
        ("GET /api/v1/agents", "agents:read", DEFINITION),
        ("DELETE /api/v1/agents/{agent_id}/sessions", "agents:delete", NAMED),
        ("GET /api/v1/agents/{agent_id}/sessions", "agents:read", DEFINITION),
        ("POST /api/v1/agents/{agent_id}/sessions", "agents:write", DEFINITION),
        ("GET /api/v1/documents/{document_id}", "documents:read", SHARED),
        ("DELETE /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("GET /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("HEAD /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("PATCH /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("POST /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("PUT /api/v1/webhook_test/{agent_id}", "public", UNCHECKED),
        ("GET /api/v1/webhook_trace/{agent_id}", "public", UNCHECKED),
        ("POST /v1/api/new_token", "new_token:write", KEYS),
        ("POST /v1/api/rm", "rm:write", KEYS),
        ("GET /v1/api/stats", "stats:read", NAMED),
        ("GET /v1/api/token_list", "token_list:read", KEYS),
        ("PUT /v1/canvas/cancel/{task_id}", "canvas:write", NAMED),
        ("GET /v1/canvas/download", "public", UNCHECKED),
        ("GET /v1/canvas/get/{canvas_id}", "canvas:read", DEFINITION),
        ("GET /v1/canvas/getlistversion/{canvas_id}", "canvas:read", DEFINITION),
        ("GET /v1/canvas/getsse/{canvas_id}", "canvas:read", SHARED),
        ("GET /v1/canvas/getversion/{version_id}", "canvas:read", DEFINITION),
        ("GET /v1/canvas/trace", "public", UNCHECKED),
        ("POST /v1/canvas/upload/{canvas_id}", "public", UNCHECKED),
        ("GET /v1/canvas/{canvas_id}/sessions", "canvas:read", DEFINITION),
        ("PUT /v1/canvas/{canvas_id}/sessions", "canvas:write", DEFINITION),
        ("DELETE /v1/canvas/{canvas_id}/sessions/{session_id}", "canvas:delete", NAMED),
        ("GET /v1/canvas/{canvas_id}/sessions/{session_id}", "canvas:read", DEFINITION),
        ("GET /v1/conversation/getsse/{dialog_id}", "conversation:read", SHARED),
        ("GET /v1/document/image/{image_id}", "public", UNCHECKED),
        ("GET /v1/document/thumbnails", "public", UNCHECKED),
        ("POST /v1/document/upload_info", "public", UNCHECKED),
        ("POST /v1/mcp_server/test_mcp", "public", UNCHECKED),
        ("POST /v1/system/new_token", "system:write", KEYS),
        ("DELETE /v1/system/token/{token}", "system:delete", KEYS),
        ("GET /v1/system/token_list", "system:read", KEYS),
        ("GET /v1/system/version", "system:read", NAMED),
        ("GET /v1/user/logout", "user:read", NAMED),
        ("POST /v1/user/register", "public", ACCOUNTS),
    ],
    common: &[],
    rewritten: &[
        ("/api/v1/messages/{memory_id}:{message_id}", "/api/v1/messages/{message}"),
        ("/api/v1/messages/{memory_id}:{message_id}/content", "/api/v1/messages/{message}/content"),
    ],
};

const ACCOUNTS: &str = "whoever runs the server says whether anybody may make an account";
const UNCHECKED: &str = "the server looks at no credential, and serves or changes what is somebody's";
const NAMED: &str = "named after what it is for: a run, a caller, a version";
