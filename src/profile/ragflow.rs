//! RAGFlow 0.27.0, as observed on its real routes: the API server on port 9380 alone. The admin server, the MCP server and
//! the servers written in Go have the same paths with other rules, and are other origins.
//!
//! No credential says what its holder may do, so that roles are decided here. `user` works with content: datasets,
//! documents, files, chats, searches, memories, messages, and the agents there are. What changes the server or the
//! account, or shows a secret of it, is for `admin`: agents (their components run code and open connections), connectors,
//! chat channels, MCP servers, model providers, Langfuse, members, the profile, settings and logs. So is
//! `system:tokens`: the routes list keys, make keys, and have one in their path.
//!
//! A caller is known by an API key that the document has a record of, or by a token of the document's issuers. For the
//! latter the server gets a key of its own (`upstream.origin_key`): it reads no token that anybody else could make. Session
//! tokens and cookies are handles into its database, which nothing here can look into: they are refused. So are the
//! routes of shared bots, which take a kind of token that is handed out with the link.
//!
//! Webhooks of agents are public: the server checks them by itself, though not by `Authorization`, which an unverified
//! caller has no use of here.

mod routes;

use super::{Profile, ProfileRole, generic};
use crate::dialect::Dialect;
use crate::policy::TrailingSlash;

pub(super) const PROFILE: Profile = Profile {
    system: "RAGFlow",
    // One header and no other: `Authorization`.
    api_key_header: None,
    api_key_prefixes: &["ragflow-"],
    bare_authorization: true,
    routes: routes::ROUTES,
    trailing_slash: TrailingSlash::Ignored,
    docs: &["GET /docs", "GET /openapi.json", "GET /redocs", "GET /scalar"],
    roles: &[
        ProfileRole {
            name: "user",
            permissions: &[
                "agents:{download,invoke,read,sessions,upload}",
                "agents_openai:invoke",
                "chat:{invoke,search,write}",
                "chats:{delete,invoke,read,write}",
                "chats_openai:invoke",
                "compilation-template-groups:read",
                "compilation-templates:read",
                "datasets:{delete,read,search,write}",
                "dify:{read,search}",
                "document:{download,read,write}",
                "documents:{download,read,write}",
                "file:{read,write}",
                "files:{delete,read,write}",
                "memories:{delete,read,write}",
                "messages:{delete,read,write}",
                "models:read",
                "openai:invoke",
                "retrieval:search",
                "searches:{delete,invoke,read,write}",
                "sessions:search",
                "tasks:write",
                "thumbnails:read",
                "users:read",
                "workspace-files:read",
                "workspaces:{read,write}",
            ],
        },
        ProfileRole { name: "admin", permissions: &["*"] },
    ],
    default_role: Some("user"),
    dialect: Dialect::Ragflow,
    realm: "ragflow",
    strip_refused: Some("RAGFlow would believe a session cookie instead of what was verified"),
    origin_reads_tokens: false,
    ..generic::PROFILE
};
