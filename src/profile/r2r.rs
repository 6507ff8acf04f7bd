//! R2R 3.6.6, as observed on the running server.
//!
//! The server knows two kinds of user, the superuser among them by a column of its database: no credential says who is one.
//! `admin` is for those, and the configuration names them (`issuers[].subject_roles`, or the record of an API key);
//! everybody else is a `user`. A `user` has what the server gives to every user, but for
//!
//! * `chunks:write` and `conversations:write`: the server changes any chunk, conversation or message by its identifier,
//!   whosever it is. Making a conversation is `conversations:create`;
//! * `indices:write` and `indices:delete`: the vector indices are everybody's, and the server lets every user drop them;
//! * `users:register`: a server that asks for a credential, as it should, registers nobody who has none, so that making
//!   accounts is work for those who have one already.
//!
//! Where the server asks for a superuser on some routes of a resource and not on others, the latter have actions of
//! their own: `graphs:write` is the superuser's, `graphs:create-entity` is not.
//!
//! A request without a credential is the superuser's unless the server was started with `require_authentication`: the
//! credential is never stripped. The header `x-project-name` chooses the tenant, and no caller may.

mod routes;

use super::{Profile, ProfileRole, TokenProfileName, generic};
use crate::dialect::Dialect;

pub(super) const PROFILE: Profile = Profile {
    system: "R2R",
    // Keys of its two crypto providers: bcrypt and NaCl.
    api_key_prefixes: &["key_", "pk_"],
    token: TokenProfileName::R2r,
    routes: routes::ROUTES,
    docs: &["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /openapi_spec", "GET /redoc"],
    roles: &[
        ProfileRole {
            name: "user",
            permissions: &[
                "chunks:{delete,read,search}",
                "collections:{delete,extract,read,write}",
                "conversations:{create,delete,read}",
                "documents:{deduplicate,delete,download,extract,read,search,write}",
                "graphs:{build,create-entity,delete-community,pull,read,update-community}",
                "indices:read",
                "retrieval:{agent,completion,embedding,rag,search}",
                "users:{change-password,create-key,delete,delete-key,list-keys,logout,read,write}",
            ],
        },
        ProfileRole { name: "admin", permissions: &["*"] },
    ],
    default_role: Some("user"),
    dialect: Dialect::R2r,
    realm: "r2r",
    strip_refused: Some("R2R serves a request without a credential as its superuser"),
    // The server takes a refresh token for an access token; what is minted says what it is.
    minted_claims: &[("token_type", "access")],
    remove_headers: &["x-project-name"],
    origin_subject: Some("/sub"),
    ..generic::PROFILE
};
