//! What is known about each origin system, and about each kind of access token: the defaults a document builds on.
//!
//! Facts only, no behaviour. They stand in files under `systems/`, in the document's own language where it has words for
//! them, and are read when a document names them.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::{self, Budget, Pointer, Value};
use portcullis::parts::Dialect;
use serde::Deserialize;

use crate::document::{
    CredentialsDocument, IdentityMembers, IssuerDocument, PolicyDocument, UpstreamDocument,
};
use crate::errors::ConfigError;
use crate::names::{SystemName, TokenProfileName};
use crate::reader::Reader;

/// One origin system: what a document that names it need not say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct System {
    /// Its name in messages.
    pub name: String,
    /// The form of the bodies of refusals.
    pub dialect: Dialect,
    /// The `realm` of challenges.
    pub realm: String,
    /// The kind of access token its callers carry.
    pub token_profile: TokenProfileName,
    /// The subject claim the origin itself reads; a forwarded token must have it.
    pub subject: Option<Pointer>,
    /// What the subject of no user begins with: to the origin it is somebody else's.
    #[serde(default)]
    pub reserved_subjects: Vec<String>,
    /// Whether the origin verifies JWTs, so that one can be minted for it.
    pub reads_tokens: bool,
    /// Whether the origin understands API keys of its callers.
    pub accepts_api_keys: bool,
    /// What the origin's own API keys begin with, by which they are known where a token may stand.
    #[serde(default)]
    pub api_key_prefixes: Vec<String>,
    /// Whether such a key may stand in `Authorization` without `Bearer` before it.
    #[serde(default)]
    pub bare_authorization: bool,
    /// Whether the origin signs sessions with `itsdangerous`.
    #[serde(default)]
    pub signs_sessions: bool,
    /// Whether such a session may stand in `Authorization` without `Bearer` before it.
    #[serde(default)]
    pub bare_sessions: bool,
    /// Those of its cookies that hold such a session.
    #[serde(default)]
    pub session_cookies: Vec<String>,
    /// Its tokens that come with a link.
    pub share_tokens: Option<ShareTokensFacts>,
    /// Roles of callers with an API key of the origin's that it was asked about, besides those that its answer says.
    #[serde(default)]
    pub api_key_roles: Vec<String>,
    /// Why the origin must not get requests without a credential, if it must not.
    pub strip_refused: Option<String>,
    /// Claims that a token minted for the origin has besides those about the caller.
    #[serde(default)]
    pub minted_claims: BTreeMap<String, String>,
    /// Claims of the caller that such a token repeats, because the origin cannot do without them.
    #[serde(default)]
    pub carried_claims: Vec<String>,
    /// How the origin tells who a caller is.
    pub identity: Option<IdentityMembers>,
    /// Where credentials may stand.
    #[serde(default)]
    pub credentials: CredentialsDocument,
    /// What the origin receives. Its `remove_headers` are those the origin decides by and no caller may set, besides those
    /// that are removed everywhere.
    #[serde(default)]
    pub upstream: UpstreamDocument,
    /// Routes that show the API's documentation: refused unless switched on.
    #[serde(default)]
    pub docs: Vec<String>,
    /// Roles and routes.
    #[serde(default)]
    pub policy: PolicyDocument,
    /// What roles may do besides, and the routes that it takes for that, where the origin is asked whose an object is.
    pub objects: Option<PolicyDocument>,
}

/// What is known about an origin's tokens that come with a link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ShareTokensFacts {
    /// How many characters they have: letters, digits, hyphens and underscores.
    pub chars: usize,
    /// A path of the origin that is answered to whoever has one, with 401 or 403 to others.
    pub ask: String,
    /// What the answer has at these places.
    pub active: BTreeMap<String, Value<'static>>,
    /// The roles of whoever has one.
    pub roles: Vec<String>,
}

/// What is known about one kind of access token.
///
/// The rules of two kinds exclude each other's tokens where the tokens can be told apart at all
/// ([RFC 8725 section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct TokenProfile {
    /// Accepted `typ` headers.
    pub token_types: Vec<String>,
    /// Whether a token without `typ` is refused.
    #[serde(default)]
    pub type_required: bool,
    /// Claims that must be present and not null.
    #[serde(default)]
    pub required_claims: Vec<Pointer>,
    /// Whether a token may have the claim `nonce`, which elsewhere marks an ID token.
    #[serde(default)]
    pub accept_nonce: bool,
    /// Whether the issuer writes every subject in lower case.
    #[serde(default)]
    pub lower_case_subjects: bool,
    /// Whether the issuer writes an `aud`, so that one can be asked for.
    #[serde(default)]
    pub audience: Audience,
    /// Where a principal's properties stand.
    pub claims: TokenClaims,
}

/// Whether tokens of a kind say whom they are meant for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// They may.
    #[default]
    Possible,
    /// They have no `aud`.
    Absent,
}

/// Where in the claims of a kind of token a principal's properties stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct TokenClaims {
    /// The subject.
    pub subject: Pointer,
    /// The roles; the first place that is present and not null counts.
    pub roles: Vec<Pointer>,
    /// The scopes; each place that is present and not null counts.
    pub scopes: Vec<Pointer>,
    /// The tenant.
    pub tenant: Option<Pointer>,
}

impl System {
    /// Reads the file of `name`.
    pub(crate) fn read(name: SystemName) -> Result<Self, ConfigError> {
        read(name.text()).map_err(|error| {
            ConfigError::new("/profile", format!("what is built in about {name} is damaged: {error}"))
        })
    }

    /// Whether the tokens of `issuer` may have an `aud` that could be asked for.
    pub fn issues_audience(&self, issuer: &IssuerDocument) -> bool {
        let kind = TokenProfile::read(issuer.token_profile.unwrap_or(self.token_profile), "");
        kind.map_or(true, |kind| kind.audience == Audience::Possible)
    }
}

impl TokenProfile {
    /// Reads the file of `name`, for the issuer at `pointer`.
    pub(crate) fn read(name: TokenProfileName, pointer: &str) -> Result<Self, ConfigError> {
        read(name.text()).map_err(|error| {
            ConfigError::new(
                format!("{pointer}/token_profile"),
                format!("what is built in about tokens of kind {name} is damaged: {error}"),
            )
        })
    }
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    let value = json::parse(text.as_bytes(), Budget::CONFIG).map_err(|error| format!("{error}"))?;
    T::deserialize(Reader(&value)).map_err(|error| format!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::{System, TokenProfile};
    use crate::names::{SystemName, TokenProfileName};
    use crate::published::Published;
    use portcullis::parts::fold;

    #[test]
    fn every_file_is_readable() {
        for name in SystemName::ALL {
            let system = System::read(*name).unwrap();
            for header in &system.upstream.remove_headers {
                assert_eq!(fold(&header.to_ascii_lowercase()), *header, "{name}");
            }
        }
        for name in TokenProfileName::ALL {
            TokenProfile::read(*name, "").unwrap();
        }
        assert_eq!(Published::read().systems.len(), SystemName::ALL.len());
    }
}
