//! The configuration as it is written: every member, with its default.

pub(super) mod policy;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use crate::alg::Algorithm;
use crate::api_key::{ApiKeyRecord, KeyHash, is_label};
use crate::gate::Mode;
use crate::json::{Pointer, Value};
use crate::profile::{ProfileName, TokenProfileName};
use crate::time::UnixTime;
use crate::upstream::CredentialFate;

pub(super) use policy::{PolicyDocument, RoleDocument};

/// The whole document.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Document {
    /// The origin system whose defaults apply.
    pub(super) profile: ProfileName,
    /// Who issues tokens.
    #[serde(default)]
    pub(super) issuers: Vec<IssuerDocument>,
    /// API keys and their records.
    pub(super) api_keys: Option<ApiKeysDocument>,
    /// Where credentials may stand.
    #[serde(default)]
    pub(super) credentials: CredentialsDocument,
    /// Roles and routes.
    #[serde(default)]
    pub(super) policy: PolicyDocument,
    /// What the origin receives.
    #[serde(default)]
    pub(super) upstream: UpstreamDocument,
    /// Cross-origin requests.
    #[serde(default)]
    pub(super) cors: CorsDocument,
    /// Ceilings.
    #[serde(default)]
    pub(super) limits: LimitsDocument,
    /// What is told about decisions.
    #[serde(default)]
    pub(super) audit: AuditDocument,
    /// What becomes of refusals.
    #[serde(default)]
    pub(super) mode: Mode,
}

/// One issuer of tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"keys\" or \"jwks\"")]
pub(super) struct IssuerDocument {
    /// The `iss` its tokens must have.
    pub(super) issuer: Option<String>,
    /// The audiences of which a token must name one.
    #[serde(default)]
    pub(super) audience: OneOrMany<String>,
    /// Keys, one by one.
    #[serde(default)]
    pub(super) keys: Vec<KeyDocument>,
    /// A JWK Set.
    pub(super) jwks: Option<Value>,
    /// The algorithms its tokens may be signed with; those of the keys if absent.
    pub(super) algorithms: Option<Vec<Algorithm>>,
    /// The kind of its access tokens; the profile's if absent.
    pub(super) token_profile: Option<TokenProfileName>,
    /// Permitted difference between its clock and ours, in seconds.
    #[serde(default)]
    pub(super) leeway_secs: u64,
    /// Greatest accepted age of a token, in seconds since `iat`.
    pub(super) max_age_secs: Option<u64>,
    /// Accepted `typ` headers.
    pub(super) token_types: Option<Vec<String>>,
    /// Whether a token may have the claim `nonce`, which marks an ID token.
    pub(super) accept_nonce: Option<bool>,
    /// Claims that must be present and not null.
    #[serde(default)]
    pub(super) required_claims: Vec<Pointer>,
    #[serde(default)]
    pub(super) claims: ClaimsDocument,
    /// Roles of subjects whose tokens say nothing about roles.
    #[serde(default)]
    pub(super) subject_roles: BTreeMap<String, Vec<String>>,
}

/// A key that verifies tokens: a secret, a PEM document or a JWK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"alg\" and one of \"secret\", \"pem\" and \"jwk\"")]
pub(super) struct KeyDocument {
    /// The `kid` by which tokens name it.
    pub(super) kid: Option<String>,
    /// The one algorithm it is used with.
    pub(super) alg: Option<Algorithm>,
    pub(super) secret: Option<SecretDocument>,
    /// A public key.
    pub(super) pem: Option<String>,
    /// A public key.
    pub(super) jwk: Option<Value>,
    /// The instant from which it is no longer accepted, as RFC 3339 in UTC.
    pub(super) accepted_until: Option<String>,
}

/// The name of a secret.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object like {\"env\": \"NAME\"}, which names a secret of the host; a secret never stands in the document"
)]
pub(super) struct SecretDocument {
    pub(super) env: String,
    #[serde(default)]
    pub(super) encoding: SecretEncoding,
}

/// How the octets of a secret are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum SecretEncoding {
    /// They are the UTF-8 text itself.
    #[default]
    Text,
    /// Hexadecimal digits.
    Hex,
    /// Unpadded base64url.
    Base64url,
}

/// Where in the claims a principal's properties stand.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ClaimsDocument {
    pub(super) subject: Option<Pointer>,
    pub(super) roles: Option<OneOrMany<Pointer>>,
    pub(super) scopes: Option<Pointer>,
    pub(super) tenant: Option<Pointer>,
}

/// API keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct ApiKeysDocument {
    /// The secret under which `hmac-sha256:` hashes were made.
    pub(super) pepper: Option<SecretDocument>,
    #[serde(default)]
    pub(super) records: Vec<ApiKeyRecordDocument>,
    /// Whether the host is asked for records that are not in the document.
    #[serde(default)]
    pub(super) lookup: bool,
}

/// What is known about one API key.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"id\" and \"hash\"")]
pub(super) struct ApiKeyRecordDocument {
    pub(super) id: String,
    /// `hmac-sha256:` or `sha256:` and 64 hexadecimal digits.
    pub(super) hash: String,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) tenant: Option<String>,
    /// The subject its requests are attributed to; the identifier if absent.
    pub(super) owner: Option<String>,
    /// What bindings of the policy compare with: an object, like the claims of a token.
    pub(super) claims: Option<Value>,
    /// Seconds since the epoch; kept for people, not looked at.
    #[serde(rename = "created_at")]
    pub(super) _created_at: Option<u64>,
    /// Seconds since the epoch.
    pub(super) expires_at: Option<u64>,
    #[serde(default)]
    pub(super) disabled: bool,
}

impl ApiKeyRecordDocument {
    /// The record, or which member is wrong and why.
    pub(super) fn compile(&self) -> Result<ApiKeyRecord, (&'static str, &'static str)> {
        let hash = KeyHash::parse(&self.hash)
            .ok_or(("hash", "write \"hmac-sha256:\" or \"sha256:\" and 64 hexadecimal digits"))?;
        if matches!(hash, KeyHash::Peppered(_)) && !is_label(&self.id) {
            return Err(("id", "the identifier inside a key is 1 to 64 ASCII letters and digits"));
        }
        if self.id.is_empty() {
            return Err(("id", "must not be empty"));
        }
        if self.claims.as_ref().is_some_and(|claims| claims.as_object().is_none()) {
            return Err(("claims", "must be an object, like the claims of a token"));
        }
        Ok(ApiKeyRecord {
            id: self.id.clone(),
            hash,
            roles: self.roles.clone(),
            scopes: self.scopes.clone(),
            tenant: self.tenant.clone(),
            owner: self.owner.clone().filter(|owner| !owner.is_empty()),
            claims: self.claims.clone(),
            expires_at: self.expires_at.map(UnixTime::from_secs),
            disabled: self.disabled,
        })
    }
}

/// Where credentials may stand.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct CredentialsDocument {
    /// `Authorization: Bearer`.
    pub(super) authorization: bool,
    pub(super) api_key_header: Option<String>,
    /// First entries of `Sec-WebSocket-Protocol` that announce a token.
    pub(super) websocket_protocols: Option<Vec<String>>,
    /// Query parameter with a token, on WebSocket routes; the empty string switches it off.
    pub(super) websocket_query: Option<String>,
}

impl Default for CredentialsDocument {
    fn default() -> Self {
        Self { authorization: true, api_key_header: None, websocket_protocols: None, websocket_query: None }
    }
}

/// What the origin receives.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct UpstreamDocument {
    pub(super) credential: Option<CredentialFate>,
    /// The token that replaces the caller's credential.
    pub(super) token: Option<MintDocument>,
    /// The origin's own API key that replaces the caller's credential.
    pub(super) origin_key: Option<SecretDocument>,
    /// Whether `X-Auth-Subject`, `X-Auth-Roles`, `X-Auth-Scopes` and `X-Auth-Tenant` are set.
    pub(super) identity_headers: Option<bool>,
    #[serde(default)]
    pub(super) remove_headers: Vec<String>,
}

/// The token minted for the origin: HS256.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"secret\"")]
pub(super) struct MintDocument {
    pub(super) secret: SecretDocument,
    #[serde(default = "default_ttl_secs")]
    pub(super) ttl_secs: u64,
    #[serde(default = "default_websocket_ttl_secs")]
    pub(super) websocket_ttl_secs: u64,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
}

fn default_ttl_secs() -> u64 {
    60
}

fn default_websocket_ttl_secs() -> u64 {
    3600
}

/// Cross-origin requests.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct CorsDocument {
    pub(super) preflight: Preflight,
    /// Origins whose scripts may read refusals; `*` for all.
    pub(super) allowed_origins: Vec<String>,
}

/// What becomes of a CORS preflight for a route that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Preflight {
    /// The origin answers it; it never carries a credential.
    #[default]
    Forward,
    /// It is refused.
    Refuse,
}

/// Ceilings.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct LimitsDocument {
    pub(super) token_bytes: Option<usize>,
}

/// What is told about decisions.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub(super) struct AuditDocument {
    /// Adds `X-Portcullis-Reason` to refusals, and in report mode to responses. For development.
    pub(super) reason_header: bool,
}

/// A value, or a list of them.
#[derive(Debug)]
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

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
