//! The policy as it is written: roles and routes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::parts::TrailingSlash;
use serde::Deserialize;

use super::rate::RateDocument;

#[cfg(feature = "schema")]
use crate::forms;

/// Roles and routes.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct PolicyDocument {
    /// Replaces the profile's roles.
    pub roles: Option<BTreeMap<String, RoleDocument>>,
    /// What roles of the profile have besides, and roles besides those of the profile.
    #[serde(default)]
    pub extend_roles: BTreeMap<String, RoleDocument>,
    /// The role of a principal that carries none; the empty string switches the profile's off.
    pub default_role: Option<String>,
    /// `METHOD /template` to what it asks for: added to the profile's, or in place of one.
    #[serde(default)]
    pub routes: BTreeMap<String, RouteDocument>,
    /// Who tells whose an object is, where routes name objects that not every caller may use: the origin.
    pub objects: Option<ObjectsDocument>,
    /// Access to the profile's documentation routes.
    pub docs: Option<String>,
    /// Whether a path with a slash at its end is another than the one without; the profile's if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<forms::TrailingSlash>"))]
    pub trailing_slash: Option<TrailingSlash>,
    /// Whether a GET route serves HEAD as well; the profile's if absent.
    pub head: Option<HeadRoutes>,
    /// Whether declared scopes narrow what roles grant.
    pub scopes_narrow: Option<bool>,
}

/// Who tells whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectsDocument {
    /// The origin is asked, as the profile knows how.
    Origin,
}

/// What becomes of HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeadRoutes {
    /// It has routes of its own.
    Distinct,
    /// A GET route serves it as well, unless the same path has a HEAD route.
    FollowsGet,
}

/// What a route says about credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteCredentialDocument {
    /// The origin receives the caller's.
    Forward,
    /// The origin receives a token minted for it instead, or a key of its own.
    Swap,
    /// The origin receives none.
    Strip,
    /// On a public route: whatever came goes on as it is, and the origin sees to it.
    Origin,
}

/// What a route asks for.
#[derive(Debug, Default)]
pub struct RouteDocument {
    /// `public`, `refused` or a permission.
    pub access: String,
    /// Parameters of the request, and the values of the caller each must be among. If absent, those of the profile's route.
    pub bindings: Option<BTreeMap<String, BindingDocument>>,
    /// The hosts it is served for; empty for all.
    pub hosts: Vec<String>,
    /// What it says about credentials.
    pub credential: Option<RouteCredentialDocument>,
    /// How often one client may use it.
    pub limit: Option<RateDocument>,
    /// The longest body that is compared with what the caller is bound to, in bytes.
    pub body_bytes: Option<usize>,
}

/// A string is the access; an object has more besides.
impl<'de> Deserialize<'de> for RouteDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            access: String,
            #[serde(rename = "where")]
            bindings: Option<BTreeMap<String, BindingDocument>>,
            #[serde(default)]
            hosts: Vec<String>,
            credential: Option<RouteCredentialDocument>,
            limit: Option<RateDocument>,
            body_bytes: Option<usize>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RouteDocument;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(
                    "\"public\", \"refused\", a permission, or an object with \"access\", \"where\", \"hosts\", \"credential\", \"limit\" and \"body_bytes\"",
                )
            }

            fn visit_str<E: serde::de::Error>(self, access: &str) -> Result<RouteDocument, E> {
                Ok(RouteDocument { access: access.into(), ..RouteDocument::default() })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<RouteDocument, A::Error> {
                let Members { access, bindings, hosts, credential, limit, body_bytes } =
                    Members::deserialize(serde::de::value::MapAccessDeserializer::new(access))?;
                Ok(RouteDocument { access, bindings, hosts, credential, limit, body_bytes })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// What a parameter is compared with.
#[derive(Debug, Default)]
pub struct BindingDocument {
    /// `subject`, `tenant`, or a JSON pointer into the claims.
    pub equals: Option<String>,
    /// Where the origin has the object: it is the caller's if the origin lets the caller read it.
    pub ask: Option<String>,
    /// Whether the parameter may be missing; `None` if that is not said.
    pub optional: Option<bool>,
    /// Whether a JSON null is a parameter that is missing; `None` if that is not said.
    pub nullable: Option<bool>,
}

/// A string is what it is compared with; an object says besides whether the parameter may be missing.
impl<'de> Deserialize<'de> for BindingDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            equals: Option<String>,
            ask: Option<String>,
            optional: Option<bool>,
            nullable: Option<bool>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = BindingDocument;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(
                    "a string, or an object with \"equals\" or \"ask\", \"optional\" and \"nullable\"",
                )
            }

            fn visit_str<E: serde::de::Error>(self, equals: &str) -> Result<BindingDocument, E> {
                Ok(BindingDocument { equals: Some(equals.into()), ..BindingDocument::default() })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, access: A) -> Result<BindingDocument, A::Error> {
                let Members { equals, ask, optional, nullable } =
                    Members::deserialize(serde::de::value::MapAccessDeserializer::new(access))?;
                Ok(BindingDocument { equals, ask, optional, nullable })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// One role.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "an object with \"permissions\"")]
pub struct RoleDocument {
    /// The roles it has the rules of as well.
    pub inherits: Vec<String>,
    /// What it grants: permissions or patterns of them.
    pub permissions: Vec<String>,
    /// What it denies, which no grant outweighs.
    pub deny: Vec<String>,
}

impl PolicyDocument {
    /// The roles that the document writes: the member each stands under, its name, and the role.
    pub fn written_roles(&self) -> impl Iterator<Item = (&'static str, &String, &RoleDocument)> {
        let own = self.roles.iter().flatten().map(|(name, role)| ("roles", name, role));
        own.chain(self.extend_roles.iter().map(|(name, role)| ("extend_roles", name, role)))
    }
}
