//! What is known about each origin system: the defaults a configuration builds on.
//!
//! Facts only, no behaviour: everything here can be overridden by the configuration.

mod agentflow;
mod generic;
mod token;

use serde::Deserialize;

use crate::dialect::Dialect;
use crate::upstream::CredentialFate;

pub(crate) use token::{TokenProfile, TokenProfileName};

/// The origin systems with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProfileName {
    /// AgentFlow (`10xscale-agentflow-cli` 0.6.1) and its successor 10xGraph (`10xgraph-api` 0.9.0).
    Agentflow,
    /// Any other origin: no routes, no roles, RFC 9457 bodies.
    Generic,
}

impl ProfileName {
    pub(crate) fn get(self) -> &'static Profile {
        match self {
            Self::Agentflow => &agentflow::PROFILE,
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
    /// First entries of `Sec-WebSocket-Protocol` that announce a token.
    pub(crate) websocket_protocols: &'static [&'static str],
    /// Query parameter with a token, on WebSocket routes.
    pub(crate) websocket_query: Option<&'static str>,
    /// The kind of access token its callers carry.
    pub(crate) token: TokenProfileName,
    /// Route and access, in the notation of the configuration.
    pub(crate) routes: &'static [(&'static str, &'static str)],
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
    /// The subject claim the origin itself reads; a forwarded token must have it.
    pub(crate) origin_subject: Option<&'static str>,
    /// Whether the origin understands API keys of its callers.
    pub(crate) origin_accepts_api_keys: bool,
}

/// A role and its permissions.
#[derive(Debug)]
pub(crate) struct ProfileRole {
    pub(crate) name: &'static str,
    pub(crate) permissions: &'static [&'static str],
}
