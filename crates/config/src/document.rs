//! The configuration as it is written: every member, with its default.

mod api_keys;
mod bundle;
mod carried;
mod cors;
mod identity;
mod instant;
mod key;
mod origin_key;
mod policy;
mod rate;
mod secret;
mod state;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::jose::Algorithm;
use portcullis::json::{Pointer, Value};
use portcullis::limits::SESSION_AGE_SECS;
use portcullis::parts::Mode;
use serde::Deserialize;

#[cfg(feature = "schema")]
use crate::forms;
use crate::names::{SystemName, TokenProfileName};

pub use api_keys::{ApiKeyRecordDocument, ApiKeysDocument, RecordCredential};
pub use bundle::{BundleDocument, BundlePayload};
pub use carried::CarriedClaims;
pub use cors::{CorsDocument, PreflightDocument};
pub use identity::{IdentityHeadersDocument, IdentityNamesDocument};
pub use instant::InstantDocument;
pub use key::KeyDocument;
pub use origin_key::{AssignedKeyDocument, OriginKeyDocument};
pub use policy::{
    BindingDocument, HeadRoutes, ObjectsDocument, PolicyDocument, RoleDocument, RouteCredentialDocument,
    RouteDocument,
};
pub use rate::RateDocument;
pub use secret::{SecretDocument, SecretEncoding};
pub use state::{
    AboutDocument, ClientDocument, CredentialFormDocument, EndpointKind, IdentityDocument, IdentityMembers,
    MemoryDocument, MethodDocument, RevokedDocument, RevokedIssuerDocument, RevokedSessionDocument,
    RevokedSubjectDocument, RevokedTokenDocument, RoleReadingDocument, SharedDocument,
};

/// The whole document.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Document {
    /// The origin system whose defaults apply.
    pub profile: SystemName,
    /// Who issues tokens.
    #[serde(default)]
    pub issuers: Vec<IssuerDocument>,
    /// API keys and their records.
    pub api_keys: Option<ApiKeysDocument>,
    /// Who is asked about callers that nobody here knows.
    pub identity: Option<IdentityDocument>,
    /// What was taken back.
    #[serde(default)]
    pub revoked: RevokedDocument,
    /// Where the signed bundle is fetched from.
    pub bundle: Option<BundleDocument>,
    /// How much is remembered.
    #[serde(default)]
    pub memory: MemoryDocument,
    /// Where credentials may stand.
    #[serde(default)]
    pub credentials: CredentialsDocument,
    /// Roles and routes.
    #[serde(default)]
    pub policy: PolicyDocument,
    /// What the origin receives.
    #[serde(default)]
    pub upstream: UpstreamDocument,
    /// Cross-origin requests.
    #[serde(default)]
    pub cors: CorsDocument,
    /// Ceilings.
    #[serde(default)]
    pub limits: LimitsDocument,
    /// What is told about decisions.
    #[serde(default)]
    pub audit: AuditDocument,
    /// What becomes of refusals.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "forms::Mode"))]
    pub mode: Mode,
    /// The schema that editors check the document with. Not looked at.
    #[serde(rename = "$schema")]
    pub _schema: Option<String>,
}

/// One issuer of tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"keys\", \"jwks\" or \"discover\"")]
pub struct IssuerDocument {
    /// The `iss` its tokens must have.
    pub issuer: Option<String>,
    /// The audiences of which a token must name one.
    #[serde(default)]
    pub audience: OneOrMany<String>,
    /// Keys, one by one.
    #[serde(default)]
    pub keys: Vec<KeyDocument>,
    /// A JWK Set, or where one is fetched from: `{"url": …}`; `{"bundle": true}` if it is in the bundle.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Object>"))]
    pub jwks: Option<Value<'static>>,
    /// Whether its keys are fetched from where its metadata say.
    #[serde(default)]
    pub discover: bool,
    /// The algorithms its tokens may be signed with; those of the keys if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<forms::Algorithm>>"))]
    pub algorithms: Option<Vec<Algorithm>>,
    /// The kind of its access tokens; the profile's if absent.
    pub token_profile: Option<TokenProfileName>,
    /// Permitted difference between its clock and ours, in seconds.
    #[serde(default)]
    pub leeway_secs: u64,
    /// Greatest accepted age of a token, in seconds since `iat`.
    pub max_age_secs: Option<u64>,
    /// Accepted `typ` headers.
    pub token_types: Option<Vec<String>>,
    /// Whether a token may have the claim `nonce`, which marks an ID token.
    pub accept_nonce: Option<bool>,
    /// Claims that must be present and not null.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<forms::Pointer>"))]
    pub required_claims: Vec<Pointer>,
    /// Where in the claims a principal's properties stand.
    #[serde(default)]
    pub claims: ClaimsDocument,
    /// Roles of subjects whose tokens say nothing about roles.
    #[serde(default)]
    pub subject_roles: BTreeMap<String, Vec<String>>,
    /// The only roles its tokens may give; all if absent.
    pub roles: Option<Vec<String>>,
    /// What is put before every subject of its tokens.
    pub subject_prefix: Option<String>,
}

impl IssuerDocument {
    /// Whether its keys are fetched while the gate runs.
    pub fn fetches_keys(&self) -> bool {
        let has_url = |set: &Value| set.as_object().is_some_and(|members| members.contains_key("url"));
        self.discover || self.jwks.as_ref().is_some_and(has_url)
    }

    /// Whether its keys are in the bundle.
    pub fn bundles_keys(&self) -> bool {
        let members = self.jwks.as_ref().and_then(Value::as_object);
        members.is_some_and(|members| members.contains_key("bundle"))
    }
}

/// Where in the claims a principal's properties stand.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ClaimsDocument {
    /// Places to take the subject from; the first that is present and not null counts.
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOrMany<forms::Pointer>>"))]
    pub subject: Option<OneOrMany<Pointer>>,
    /// Places to take roles from; the first that is present and not null counts.
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOrMany<forms::Pointer>>"))]
    pub roles: Option<OneOrMany<Pointer>>,
    /// Places to take scopes from; each that is present and not null counts.
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOrMany<forms::Pointer>>"))]
    pub scopes: Option<OneOrMany<Pointer>>,
    /// Where the tenant stands.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Pointer>"))]
    pub tenant: Option<Pointer>,
}

/// Where credentials may stand.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct CredentialsDocument {
    /// `Authorization: Bearer`.
    pub authorization: bool,
    /// The header of API keys; the empty string switches it off.
    pub api_key_header: Option<String>,
    /// First entries of `Sec-WebSocket-Protocol` that announce a token.
    pub websocket_protocols: Option<Vec<String>>,
    /// Query parameter with a token, on WebSocket routes; the empty string switches it off.
    pub websocket_query: Option<String>,
    /// Cookies with a token or an API key.
    pub cookies: Vec<String>,
    /// Cookies that the origin takes for a credential, besides those it is known for: they never reach it.
    pub origin_cookies: Vec<String>,
    /// By what the origin's own sessions are checked before it is asked about them.
    pub session: Option<SessionDocument>,
}

/// How the origin signs its sessions.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"secret\"")]
pub struct SessionDocument {
    /// The secret it signs them with.
    pub secret: SecretDocument,
    /// Greatest accepted age of a session, in seconds since it was signed.
    #[serde(default = "default_session_secs")]
    pub max_age_secs: u64,
}

fn default_session_secs() -> u64 {
    SESSION_AGE_SECS
}

impl Default for CredentialsDocument {
    fn default() -> Self {
        Self {
            authorization: true,
            api_key_header: None,
            websocket_protocols: None,
            websocket_query: None,
            cookies: Vec::new(),
            origin_cookies: Vec::new(),
            session: None,
        }
    }
}

/// What the origin receives.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct UpstreamDocument {
    /// What becomes of the caller's credential.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::CredentialHandling>"))]
    pub credential: Option<CredentialHandling>,
    /// The token that replaces the caller's credential.
    pub token: Option<MintDocument>,
    /// The API key of the origin's own that replaces the caller's credential: one for all callers, or a list of which the
    /// first that is for the caller counts. Whoever it has none for is refused.
    pub origin_key: Option<OriginKeyDocument>,
    /// Whether `X-Auth-Subject`, `X-Auth-Roles`, `X-Auth-Scopes` and `X-Auth-Tenant` are set; or the headers that are set
    /// in place of these.
    pub identity_headers: Option<IdentityHeadersDocument>,
    /// Headers that never reach the origin, besides those that claim an identity.
    #[serde(default)]
    pub remove_headers: Vec<String>,
    /// Headers with which a request is refused; empty for none, the profile's if absent.
    pub refuse_headers: Option<Vec<String>>,
    /// Headers that claim an identity and pass all the same, because something in front of the gate writes them and takes
    /// them out of callers' requests.
    #[serde(default)]
    pub keep_headers: Vec<String>,
}

/// The token minted for the origin: HS256.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"secret\"")]
pub struct MintDocument {
    /// The secret the origin verifies with.
    pub secret: SecretDocument,
    /// Its lifetime, in seconds: at most 3600.
    #[serde(default = "default_ttl_secs")]
    pub ttl_secs: u64,
    /// Its lifetime on a WebSocket, in seconds: at most 86400.
    #[serde(default = "default_websocket_ttl_secs")]
    pub websocket_ttl_secs: u64,
    /// Its `iss`.
    pub issuer: Option<String>,
    /// Its `aud`.
    pub audience: Option<String>,
    /// Claims of the caller that it repeats; the profile's if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::CarriedClaims>"))]
    pub claims: Option<CarriedClaims>,
}

fn default_ttl_secs() -> u64 {
    60
}

fn default_websocket_ttl_secs() -> u64 {
    3600
}

/// Ceilings.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct LimitsDocument {
    /// Longest accepted token, in bytes.
    pub token_bytes: Option<usize>,
    /// How many failed credentials of one client are looked at.
    pub failures: Option<RateDocument>,
}

/// What is told about decisions.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct AuditDocument {
    /// Adds `X-Portcullis-Reason` to refusals, and in report mode to responses. For development.
    pub reason_header: bool,
}

/// A value, or a list of them.
#[derive(Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(core::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text))
                    .map(|one| OneOrMany(Vec::from([one])))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = access.next_element()? {
                    many.push(one);
                }
                Ok(OneOrMany(many))
            }
        }

        deserializer.deserialize_any(Visitor(core::marker::PhantomData))
    }
}
