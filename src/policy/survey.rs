//! Questions about a policy as a whole: its routes and roles, and what a caller with given roles could use.
//!
//! Read-only, and for tools: nothing here lets a request in. Every answer comes from the trie and the bits that
//! decide about requests.

mod caller;
mod compared;

pub use caller::AssumedCaller;
pub use compared::ComparedBinding;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use super::{CompiledAccess, Permission, Policy, Route, RouteTemplate, TrailingSlash, Values};
use crate::body;
use crate::error::{AuthError, BodyError, CredentialError, PolicyError};
use crate::gate::{Gate, Mode};
use crate::path::Target;
use crate::request::{HeaderPair, RequestHead};

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

/// What a role says of the permission that a route asks for, with all it inherits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleStance {
    /// Whether it grants it.
    pub grants: bool,
    /// Whether it denies it, which no grant of any role outweighs.
    pub denies: bool,
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

    /// Whether a parameter must be the subject of the caller.
    fn binds_subject(&self) -> bool {
        self.route.bindings.iter().any(|binding| binding.values == Values::Subject)
    }

    /// What a caller is bound to besides having the permission: each as it is written, for example
    /// `path.collection = /collections`, by a key that is the same for another name of the same parameter.
    pub fn bindings(&self) -> BTreeMap<String, String> {
        self.route.bindings.iter().map(|binding| (binding.key(), binding.to_string())).collect()
    }

    /// The hosts it is served for, in lower case; empty for all.
    pub fn hosts(&self) -> &'g [String] {
        &self.route.hosts
    }

    /// Whether the template takes in `path`, which must be in normal form, whatever other routes do.
    pub fn matches(&self, path: &str) -> bool {
        let shape = self.shape();
        let mut segments = path.split('/').skip(1);
        for expected in shape.split('/').skip(1) {
            match (expected, segments.next()) {
                ("{:path}", found) => return found.is_some(),
                ("{}", Some(found)) if !found.is_empty() => {}
                (expected, Some(found)) if expected == found => {}
                _ => return false,
            }
        }
        segments.next().is_none()
    }

    /// What `role` says of the permission this route asks for; `None` if it asks for none or there is no such role.
    pub fn stance(&self, role: &str) -> Option<RoleStance> {
        let CompiledAccess::Permission(permission) = self.route.access else { return None };
        let role = self.policy.roles.get(role)?;
        Some(RoleStance {
            grants: role.granted.contains(permission.position()),
            denies: role.denied.contains(permission.position()),
        })
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

    /// Whether a slash at the end of a path makes no difference (`policy.trailing_slash`).
    pub fn ignores_trailing_slash(&self) -> bool {
        self.policy.routes.trailing_slash() == TrailingSlash::Ignored
    }

    /// Whether refusals are only reported (`"mode": "report"`), and every request is let in.
    pub fn only_reports(&self) -> bool {
        self.mode == Mode::Report
    }

    /// Whether scopes that a credential declares narrow what its roles give.
    pub fn scopes_narrow(&self) -> bool {
        self.policy.scopes_narrow
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

    /// The same, and hosts and bindings: what they compare with must be given to the caller, or they do not hold. A body
    /// counts as announced for what it is.
    ///
    /// # Errors
    ///
    /// [`AuthError`] as such a request would get it.
    pub fn survey_bound(
        &self,
        method: &str,
        target: &str,
        headers: &[HeaderPair<'_>],
        body: Option<&[u8]>,
        caller: &AssumedCaller,
    ) -> Result<(), AuthError> {
        let head = RequestHead::new(method, target, headers);
        let route = self.route_for(method, target)?;
        if route.is_some_and(|route| !route.hosts().is_empty() && !head.is_for(route.hosts())) {
            return match caller.principal {
                None => Err(CredentialError::Missing.into()),
                Some(_) => Err(PolicyError::RouteUnknown.into()),
            };
        }
        let asks = route.as_ref().is_none_or(|route| matches!(route.access(), RouteAccess::Permission(_)));
        // As with a token: what is wrong with the claims is said before anything about routes.
        let principal = if asks { caller.principal(&self.policy.attributes)? } else { None };
        self.survey(method, target, caller)?;
        let (Some(route), Some(principal)) = (route, principal) else { return Ok(()) };
        let compared = self.compare_bindings(&route, &head, body, &principal);
        let broken = |on_body| compared.iter().any(|binding| binding.on_body == on_body && !binding.holds);
        if broken(false) || (caller.is_nameless() && route.binds_subject()) {
            return Err(PolicyError::BindingMismatch.into());
        }
        if compared.iter().any(|binding| binding.on_body) {
            body::parse(body.ok_or(BodyError::Unavailable)?)?;
        }
        if broken(true) { Err(PolicyError::BindingMismatch.into()) } else { Ok(()) }
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
