//! RAG Modulo, as read in its source and observed on its real middleware.
//!
//! The server decodes tokens without verifying them: what stands in front of it is all the authentication there is. The
//! process of its MCP server is another origin, and not in here.
//!
//! Its settings have a table of roles that no router uses, and its handlers check a little. Roles here are the former
//! as far as it goes:
//!
//! * `guest` reads collections, and learns who it is;
//! * `user` reads and downloads from collections, searches, and has what the server ties to the caller: chats,
//!   conversations, podcasts, voices, tools, and everything under `/api/users/{user_id}`, which is tied to the caller
//!   here as well, together with the preferred provider and the warnings about a user, which the server ties to nobody;
//! * `admin` has the rest besides: changing collections, and what the server lets anybody do who has a token at all
//!   (agents, teams, dashboards, warnings about everybody, suggestions for anybody's chat).
//!
//! Nobody owns a collection: whoever may read one may read all, until a route of the document has a `where`.
//! `/api/auth/session` and `/api/auth/userinfo` are open to the server's middleware and verified by their handlers: here
//! they ask for a permission that every role has, so that the credential reaches them. A token without a role has none:
//! those the server issues all name one.

mod routes;

use super::{BoundRoutes, Profile, ProfileRole, TokenProfileName, generic};
use crate::dialect::Dialect;

pub(super) const PROFILE: Profile = Profile {
    system: "RAG Modulo",
    websocket_query: Some("token"),
    token: TokenProfileName::RagModulo,
    routes: routes::ROUTES,
    bound_routes: &[BoundRoutes { bindings: &[("path.user_id", "subject")], routes: routes::OF_ONE_USER }],
    docs: &["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redoc"],
    roles: &[
        ProfileRole {
            name: "guest",
            permissions: &["auth:{check-auth,logout,me,session,userinfo}", "collections:read", "root:read"],
        },
        ProfileRole {
            name: "user",
            permissions: &[
                "auth:{check-auth,logout,me,session,userinfo}",
                "chat:{delete,invoke,read,write}",
                "collections:{download,read}",
                "conversations:{delete,invoke,read,write}",
                "mcp:{read,write}",
                "podcasts:{delete,download,read,write}",
                "root:read",
                "runtime-configs:{delete,read,write}",
                "search:search",
                "token-warnings:{delete,read}",
                "users:{delete,read,write}",
                "voices:{delete,download,invoke,read,write}",
                "ws:stream",
            ],
        },
        ProfileRole { name: "admin", permissions: &["*"] },
    ],
    dialect: Dialect::RagModulo,
    realm: "rag-modulo",
    // Its MCP server, which may be behind the same name, takes this for a credential.
    remove_headers: &["x-api-key"],
    origin_subject: Some("/uuid"),
    // The server takes a token with such a `sub` for an agent's, and gives its bearer an agent's rights.
    foreign_subjects: &["spiffe://"],
    origin_accepts_api_keys: false,
    ..generic::PROFILE
};
