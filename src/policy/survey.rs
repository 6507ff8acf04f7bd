//! Questions about a policy as a whole: its routes and roles, and what a caller with given roles could use.
//!
//! Read-only, and for tools: nothing here lets a request in. Every answer comes from the trie and the bits that
//! decide about requests.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use super::{CompiledAccess, Permission, Policy, Route, RouteTemplate};
use crate::error::{AuthError, CredentialError, PolicyError};
use crate::gate::Gate;
use crate::path::Target;
use crate::principal::{Principal, Proof};

/// What a route asks of its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAccess<'g> {
    /// Nothing: anybody may use it, with or without a credential.
    Public,
    /// Nobody may use it.
    Refused,
    /// This permission.
    Permission(&'g Permission),
}

/// A caller made up to ask what somebody like that could use. Nothing was proved about it, and nothing is forwarded for
/// it.
#[derive(Debug, Clone)]
pub struct AssumedCaller {
    /// Nobody, for a request without a credential.
    principal: Option<Principal>,
}

impl AssumedCaller {
    /// A request that carries no credential.
    pub fn anonymous() -> Self {
        Self { principal: None }
    }

    /// An authenticated caller with exactly these roles, none included, whose proof declares no scopes.
    pub fn with_roles(roles: impl IntoIterator<Item = impl ToString>) -> Self {
        let principal = Principal {
            subject: "assumed".to_owned(),
            roles: roles.into_iter().map(|role| role.to_string()).collect(),
            scopes: None,
            tenant: None,
            attributes: BTreeMap::new(),
            proof: Proof::Token { issuer: None, key_id: None },
            valid_until: None,
        };
        Self { principal: Some(principal) }
    }

    /// The same caller with a proof that declares these scopes.
    #[must_use]
    pub fn narrowed_to(mut self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        if let Some(principal) = &mut self.principal {
            principal.scopes = Some(scopes.into_iter().map(|scope| scope.to_string()).collect());
        }
        self
    }
}

/// A route of a loaded policy.
#[derive(Debug, Clone, Copy)]
pub struct SurveyedRoute<'g> {
    policy: &'g Policy,
    route: &'g Route,
}

impl<'g> SurveyedRoute<'g> {
    /// The route as it is written, for example `GET /v1/threads/{thread_id}`.
    pub fn text(&self) -> &'g str {
        &self.route.text
    }

    /// The HTTP method, or `WEBSOCKET` for an upgrade.
    pub fn method(&self) -> &'g str {
        &self.route.method
    }

    /// The path template as it is written.
    pub fn path(&self) -> &'g str {
        self.route.text.split_once(' ').map_or("", |(_, path)| path)
    }

    /// The path template as it is compared; see [`route_shape`].
    pub fn shape(&self) -> String {
        // INVARIANT: the text was parsed when the configuration was loaded.
        let trailing_slash = self.policy.routes.trailing_slash();
        let template = RouteTemplate::parse(&self.route.text);
        template.map(|template| path_shape(&template.compared(trailing_slash))).unwrap_or_default()
    }

    /// What it asks of its callers.
    pub fn access(&self) -> RouteAccess<'g> {
        match self.route.access {
            CompiledAccess::Public => RouteAccess::Public,
            CompiledAccess::Refused => RouteAccess::Refused,
            CompiledAccess::Permission(index) => {
                self.policy.routes.permission(index).map_or(RouteAccess::Refused, RouteAccess::Permission)
            }
        }
    }

    /// What a caller is bound to besides having the permission: each as it is written, for example
    /// `path.collection = /collections`, by a key that is the same for another name of the same parameter.
    pub fn bindings(&self) -> BTreeMap<String, String> {
        self.route.bindings.iter().map(|binding| (binding.key(), binding.to_string())).collect()
    }

    /// Decides whether `caller` may use this route, as far as roles and scopes go.
    ///
    /// # Errors
    ///
    /// [`AuthError`] as a request of this caller would get it: [`CredentialError::Missing`] for an anonymous one, else
    /// a [`PolicyError`].
    pub fn authorize(&self, caller: &AssumedCaller) -> Result<(), AuthError> {
        match (self.route.access, &caller.principal) {
            (CompiledAccess::Public, _) => Ok(()),
            (CompiledAccess::Refused, _) => Err(PolicyError::RouteRefused.into()),
            (CompiledAccess::Permission(_), None) => Err(CredentialError::Missing.into()),
            (CompiledAccess::Permission(permission), Some(principal)) => {
                Ok(self.policy.authorize(principal, permission)?)
            }
        }
    }
}

/// Asking about the policy.
impl Gate {
    /// Every route, those of the profile included, in no particular order.
    pub fn routes(&self) -> impl Iterator<Item = SurveyedRoute<'_>> {
        self.policy.routes.iter().map(|route| SurveyedRoute { policy: &self.policy, route })
    }

    /// The names of the roles, sorted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.policy.roles.names()
    }

    /// The role of a token that says nothing about roles.
    pub fn default_role(&self) -> Option<&str> {
        self.issuers.first().and_then(|issuer| issuer.rules.default_role.as_deref())
    }

    /// The route that would serve a request, as [`Gate::begin`] finds it. The method `WEBSOCKET` stands for an upgrade.
    ///
    /// # Errors
    ///
    /// [`PathError`](crate::PathError) if the target has no single safe reading.
    pub fn route_for(
        &self,
        method: &str,
        target: &str,
    ) -> Result<Option<SurveyedRoute<'_>>, crate::PathError> {
        let path = Target::parse(target.as_bytes())?.path;
        let route = self.policy.routes.find(method, &path);
        Ok(route.map(|route| SurveyedRoute { policy: &self.policy, route }))
    }

    /// Decides about a request of an assumed caller, as far as path, route, roles and scopes go. The method `WEBSOCKET`
    /// stands for an upgrade.
    ///
    /// # Errors
    ///
    /// [`AuthError`] as such a request would get it.
    pub fn survey(&self, method: &str, target: &str, caller: &AssumedCaller) -> Result<(), AuthError> {
        match (self.route_for(method, target)?, &caller.principal) {
            (Some(route), _) => route.authorize(caller),
            // Who is not authenticated does not learn which routes exist.
            (None, None) => Err(CredentialError::Missing.into()),
            (None, Some(_)) => Err(PolicyError::RouteUnknown.into()),
        }
    }
}

/// The path of a route text (`METHOD /path`) as routes are compared: literal segments in normal form, `{}` for a
/// parameter and `{:path}` for the rest of the path. Routes with one method and one shape match the same requests.
///
/// # Errors
///
/// What is wrong with the text, and what to write instead.
pub fn route_shape(text: &str) -> Result<String, String> {
    RouteTemplate::parse(text).map(|template| path_shape(&template)).map_err(|error| format!("{error}"))
}

fn path_shape(template: &RouteTemplate) -> String {
    let shape = template.shape();
    // The shape of a template is its method and then its path, which begins with a slash.
    shape.split_once('/').map_or_else(String::new, |(_, path)| format!("/{path}"))
}
