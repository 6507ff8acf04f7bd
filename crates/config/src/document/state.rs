//! What the gate learns while it runs, as it is written.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::{Pointer, Value};
use serde::Deserialize;

use super::secret::SecretDocument;
#[cfg(feature = "schema")]
use crate::forms;

/// Who is asked about callers that nobody here knows.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object with \"ask\" and \"subject\", or \"origin\" for what is known of the origin's system"
)]
pub struct IdentityMembers {
    /// Where: a path of the origin, like `/v3/users/me`, or an `https` URL.
    pub ask: String,
    /// What kind of endpoint that is; decides about the members that are left out.
    #[serde(default)]
    pub kind: EndpointKind,
    /// `GET` or `POST`.
    pub method: Option<MethodDocument>,
    /// How the credential is given.
    pub credential: Option<CredentialFormDocument>,
    /// The gate's own name and secret at that endpoint, for HTTP Basic authentication.
    pub client: Option<ClientDocument>,
    /// About whom.
    pub about: Option<Vec<AboutDocument>>,
    /// What an answer that knows the credential has at these places.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Object>"))]
    pub active: Option<BTreeMap<String, Value<'static>>>,
    /// The statuses that say that the credential is good for nothing.
    pub refusals: Option<Vec<u16>>,
    /// Where the subject stands in the answer.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Pointer>"))]
    pub subject: Option<Pointer>,
    /// What is put before every subject.
    pub subject_prefix: Option<String>,
    /// Where roles stand.
    #[serde(default)]
    pub roles: Vec<RoleReadingDocument>,
    /// The only roles that answers may give; all if absent.
    pub permitted_roles: Option<Vec<String>>,
    /// Where scopes stand.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Pointer>"))]
    pub scopes: Option<Pointer>,
    /// Where the tenant stands.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Pointer>"))]
    pub tenant: Option<Pointer>,
    /// Where the end of the credential stands, in seconds since the epoch.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::Pointer>"))]
    pub expires_at: Option<Pointer>,
    /// Who issues the credentials, for logs and revocations.
    pub issuer: Option<String>,
    /// Names for places of the answer, which bindings of the policy compare with.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, forms::Pointer>"))]
    pub claims: BTreeMap<String, Pointer>,
    /// For how long a yes is remembered, in seconds: at most 60.
    pub yes_secs: Option<u64>,
    /// For how long a no is remembered, in seconds: at most 10.
    pub no_secs: Option<u64>,
}

/// Who is asked about callers.
#[derive(Debug)]
pub enum IdentityDocument {
    /// The origin, in the way that is known of its system.
    Origin,
    /// As it is written.
    Asked(alloc::boxed::Box<IdentityMembers>),
}

impl<'de> Deserialize<'de> for IdentityDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = IdentityDocument;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("\"origin\", or an object with \"ask\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "origin" => Ok(IdentityDocument::Origin),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Other("another text"), &self)),
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                IdentityMembers::deserialize(serde::de::value::MapAccessDeserializer::new(access))
                    .map(|members| IdentityDocument::Asked(alloc::boxed::Box::new(members)))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A kind of endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// A route that tells its caller who that is: it is sent the caller's own credential.
    #[default]
    WhoAmI,
    /// Token introspection: RFC 7662.
    Introspection,
    /// A route that is given a credential as a member of a JSON object, and answers with the caller it is from.
    Verify,
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum MethodDocument {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// How a credential is given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename_all = "snake_case"))]
pub enum CredentialFormDocument {
    /// In the header it was sent in.
    AsSent,
    /// As a member of a form.
    Form(String),
    /// As a member of a JSON object.
    Json(String),
}

impl<'de> Deserialize<'de> for CredentialFormDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            form: Option<String>,
            json: Option<String>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = CredentialFormDocument;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("\"as_sent\", {\"form\": NAME} or {\"json\": NAME}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "as_sent" => Ok(CredentialFormDocument::AsSent),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Other("another text"), &self)),
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                match Members::deserialize(serde::de::value::MapAccessDeserializer::new(access))? {
                    Members { form: Some(name), json: None } => Ok(CredentialFormDocument::Form(name)),
                    Members { form: None, json: Some(name) } => Ok(CredentialFormDocument::Json(name)),
                    _ => Err(serde::de::Error::invalid_value(serde::de::Unexpected::Map, &self)),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// The gate's own account at an endpoint.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"id\" and \"secret\"")]
pub struct ClientDocument {
    /// Its name.
    pub id: String,
    /// Its secret.
    pub secret: SecretDocument,
}

/// Whom is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AboutDocument {
    /// Callers with a credential that nothing in the document verifies.
    Opaque,
    /// Callers with a token that was verified: the answer says their roles.
    Tokens,
}

/// Where roles stand.
#[derive(Debug, Clone)]
pub struct RoleReadingDocument {
    /// The place.
    pub at: Pointer,
    /// What its values mean.
    pub map: BTreeMap<String, Vec<String>>,
}

/// A string is the place; an object says besides what the values there mean.
impl<'de> Deserialize<'de> for RoleReadingDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            at: Pointer,
            map: BTreeMap<String, Vec<String>>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RoleReadingDocument;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a JSON pointer, or an object with \"at\" and \"map\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let at = Pointer::deserialize(serde::de::value::StrDeserializer::new(text))?;
                Ok(RoleReadingDocument { at, map: BTreeMap::new() })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                let Members { at, map } =
                    Members::deserialize(serde::de::value::MapAccessDeserializer::new(access))?;
                Ok(RoleReadingDocument { at, map })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// How much is remembered.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct MemoryDocument {
    /// How many verified tokens, and how many answers about callers; 0 for none.
    pub entries: Option<usize>,
    /// Share answers about callers and objects with other instances of the host, through its cache.
    pub shared: Option<SharedDocument>,
}

/// Answers that are shared.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object like {\"secret\": {\"env\": \"CACHE_SECRET\"}}")]
pub struct SharedDocument {
    /// What they are sealed with: at least 32 bytes, the same in all instances.
    pub secret: SecretDocument,
}

/// What was taken back.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object")]
pub struct RevokedDocument {
    /// Tokens.
    pub tokens: Vec<RevokedTokenDocument>,
    /// Sessions.
    pub sessions: Vec<RevokedSessionDocument>,
    /// All that was issued to a subject by an instant.
    pub subjects: Vec<RevokedSubjectDocument>,
    /// All that an issuer has issued by an instant.
    pub issuers: Vec<RevokedIssuerDocument>,
    /// API keys, by the identifier of their record.
    pub api_keys: Vec<String>,
    /// Credentials of any kind: `sha256:` and 64 hexadecimal digits each.
    pub credentials: Vec<String>,
    /// Ask the store of the host besides, for each credential that is otherwise good.
    pub lookup: bool,
}

/// A token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"jti\"")]
pub struct RevokedTokenDocument {
    /// Its `iss`, if it has one.
    #[serde(default)]
    pub issuer: String,
    /// Its `jti`.
    pub jti: String,
}

/// A session.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"sid\"")]
pub struct RevokedSessionDocument {
    /// The `iss` of its tokens, if they have one.
    #[serde(default)]
    pub issuer: String,
    /// Their `sid`.
    pub sid: String,
}

/// A subject.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"subject\" and \"before\"")]
pub struct RevokedSubjectDocument {
    /// The subject, as the gate knows it.
    pub subject: String,
    /// By when, as RFC 3339 in UTC.
    pub before: String,
}

/// An issuer.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with \"issuer\" and \"before\"")]
pub struct RevokedIssuerDocument {
    /// Its name.
    pub issuer: String,
    /// By when, as RFC 3339 in UTC.
    pub before: String,
}
