//! What is known about each kind of access token: the rules and claim names a configuration builds on.
//!
//! The rules of two profiles exclude each other's tokens where the tokens can be told apart at all
//! ([RFC 8725 section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)).

use serde::Deserialize;

/// The kinds of access token with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) enum TokenProfileName {
    /// A plain JWT with the registered claims of RFC 7519.
    #[serde(rename = "jwt")]
    Jwt,
    /// The access token of RFC 9068.
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// What AgentFlow and 10xGraph read.
    #[serde(rename = "agentflow")]
    Agentflow,
    /// What R2R issues.
    #[serde(rename = "r2r")]
    R2r,
    /// What RAG Modulo issues.
    #[serde(rename = "rag-modulo")]
    RagModulo,
}

/// Defaults for one kind of access token.
#[derive(Debug)]
pub(crate) struct TokenProfile {
    /// Accepted `typ` headers.
    pub(crate) token_types: &'static [&'static str],
    /// Whether a token without `typ` is refused.
    pub(crate) type_required: bool,
    /// JSON pointers to claims that must be there and not null.
    pub(crate) required: &'static [&'static str],
    /// Whether a token may have the claim `nonce`, which elsewhere marks an ID token.
    pub(crate) nonce: bool,
    pub(crate) claims: ProfileClaims,
}

/// JSON pointers into the claims of a token.
#[derive(Debug)]
pub(crate) struct ProfileClaims {
    pub(crate) subject: &'static str,
    pub(crate) roles: &'static [&'static str],
    pub(crate) scopes: &'static str,
    pub(crate) tenant: Option<&'static str>,
}

const JWT: TokenProfile = TokenProfile {
    token_types: &["JWT", "at+jwt"],
    type_required: false,
    required: &[],
    nonce: false,
    claims: ProfileClaims {
        subject: "/sub",
        roles: &["/roles", "/role"],
        scopes: "/scope",
        tenant: Some("/tenant"),
    },
};

const AT_JWT: TokenProfile = TokenProfile {
    token_types: &["at+jwt"],
    type_required: true,
    // RFC 9068 section 2.2; `exp` is always required.
    required: &["/iss", "/aud", "/sub", "/client_id", "/iat", "/jti"],
    ..JWT
};

const AGENTFLOW: TokenProfile = TokenProfile {
    // The server reads `roles` if it is there and not null, else `role`; its guide's table knows `role` only.
    claims: ProfileClaims { subject: "/user_id", scopes: "/scopes", ..JWT.claims },
    ..JWT
};

const R2R: TokenProfile =
    TokenProfile { token_types: &["JWT"], required: &["/token_type"], nonce: true, ..JWT };

const RAG_MODULO: TokenProfile = TokenProfile {
    token_types: &["JWT"],
    claims: ProfileClaims { subject: "/uuid", roles: &["/role"], ..JWT.claims },
    ..JWT
};

impl TokenProfileName {
    pub(crate) fn get(self) -> &'static TokenProfile {
        match self {
            Self::Jwt => &JWT,
            Self::AtJwt => &AT_JWT,
            Self::Agentflow => &AGENTFLOW,
            Self::R2r => &R2R,
            Self::RagModulo => &RAG_MODULO,
        }
    }
}
