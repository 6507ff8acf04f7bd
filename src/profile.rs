//! What is known about each origin system: the defaults a configuration builds on.
//!
//! Facts only, no behaviour: everything here can be overridden by the configuration.

mod agentflow;
mod generic;
mod r2r;
mod rag_modulo;
mod ragflow;
mod token;

use serde::Deserialize;

use crate::dialect::Dialect;
use crate::policy::TrailingSlash;
use crate::upstream::CredentialFate;

pub(crate) use token::{TokenProfile, TokenProfileName};

/// The origin systems with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProfileName {
    /// AgentFlow (`10xscale-agentflow-cli` 0.6.1) and its successor 10xGraph (`10xgraph-api` 0.9.0).
    Agentflow,
    /// R2R 3.6.6.
    R2r,
    /// RAG Modulo: its API server.
    RagModulo,
    /// RAGFlow 0.27.0: its API server, on port 9380.
    Ragflow,
    /// Any other origin: no routes, no roles, RFC 9457 bodies.
    Generic,
}

impl ProfileName {
    pub(crate) fn get(self) -> &'static Profile {
        match self {
            Self::Agentflow => &agentflow::PROFILE,
            Self::R2r => &r2r::PROFILE,
            Self::RagModulo => &rag_modulo::PROFILE,
            Self::Ragflow => &ragflow::PROFILE,
            Self::Generic => &generic::PROFILE,
        }
    }
}

/// Defaults for one origin system.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The name of the system in messages.
    pub(crate) system: &'static str,
    /// Header for API keys, in lower case.
    pub(crate) api_key_header: Option<&'static str>,
    /// What the origin's own API keys begin with, by which they are known where a token may stand.
    pub(crate) api_key_prefixes: &'static [&'static str],
    /// Whether such a key may stand in `Authorization` without `Bearer` before it.
    pub(crate) bare_authorization: bool,
    /// First entries of `Sec-WebSocket-Protocol` that announce a token.
    pub(crate) websocket_protocols: &'static [&'static str],
    /// Query parameter with a token, on WebSocket routes.
    pub(crate) websocket_query: Option<&'static str>,
    /// The kind of access token its callers carry.
    pub(crate) token: TokenProfileName,
    /// Route and access, in the notation of the configuration.
    pub(crate) routes: &'static [(&'static str, &'static str)],
    /// Routes whose callers are bound besides.
    pub(crate) bound_routes: &'static [BoundRoutes],
    /// What a slash at the end of a path is to the origin.
    pub(crate) trailing_slash: TrailingSlash,
    /// Routes that show the API's documentation: refused unless switched on.
    pub(crate) docs: &'static [&'static str],
    pub(crate) roles: &'static [ProfileRole],
    /// The role of a principal that carries none.
    pub(crate) default_role: Option<&'static str>,
    pub(crate) dialect: Dialect,
    /// The `realm` of challenges.
    pub(crate) realm: &'static str,
    /// What becomes of the caller's credential.
    pub(crate) credential: CredentialFate,
    /// Why the origin must not get requests without a credential, if it must not.
    pub(crate) strip_refused: Option<&'static str>,
    /// Whether the origin verifies JWTs, so that one can be minted for it.
    pub(crate) origin_reads_tokens: bool,
    /// Claims that a token minted for the origin has besides those about the caller.
    pub(crate) minted_claims: &'static [(&'static str, &'static str)],
    /// Headers the origin decides by and no caller may set, in lower case, besides those that are removed everywhere.
    pub(crate) remove_headers: &'static [&'static str],
    /// The subject claim the origin itself reads; a forwarded token must have it.
    pub(crate) origin_subject: Option<&'static str>,
    /// What the subject of no user begins with: to the origin it is somebody else's.
    pub(crate) foreign_subjects: &'static [&'static str],
    /// Whether the origin understands API keys of its callers.
    pub(crate) origin_accepts_api_keys: bool,
}

/// Routes with what their callers are bound to.
#[derive(Debug)]
pub(crate) struct BoundRoutes {
    /// Parameter and values, in the notation of `where`.
    pub(crate) bindings: &'static [(&'static str, &'static str)],
    /// Route and access, in the notation of the configuration.
    pub(crate) routes: &'static [(&'static str, &'static str)],
}

/// A role and its permissions.
#[derive(Debug)]
pub(crate) struct ProfileRole {
    pub(crate) name: &'static str,
    /// Permissions or patterns of them.
    pub(crate) permissions: &'static [&'static str],
}
