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
        self.roles
            .iter()
            .map(|(name, permissions)| (*name, Role { permissions, ..Role::default() }))
            .collect()
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
    ],
    decided: &[
        ("GET /docs", "public", DOCS),
        ("GET /redocs", "public", DOCS),
        ("GET /scalar", "public", DOCS),
        ("GET /openapi.json", "public", DOCS),
        ("POST /api/v1/agentbots/*", "agentbots:invoke", BETA),
        ("GET /api/v1/agentbots/*", "agentbots:read", BETA),
        ("POST /api/v1/chatbots/*", "chatbots:invoke", BETA),
        ("GET /api/v1/chatbots/*", "chatbots:read", BETA),
        ("POST /api/v1/searchbots/ask", "searchbots:invoke", BETA),
        ("GET /api/v1/searchbots/*", "searchbots:read", BETA),
        ("POST /api/v1/searchbots/*", "searchbots:search", BETA),
        (
            "POST /api/v1/agents/{agent_id}/upload",
            "agents:write",
            "for running an agent, not for changing it",
        ),
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

const BETA: &str = "opened only by a kind of token that nobody here verifies";
const DEFINITION: &str = "shows the definition of an agent, which has the secrets of its webhook in it";
const KEYS: &str = "a key must not list, make or name keys";
