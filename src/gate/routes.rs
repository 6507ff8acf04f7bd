//! Which routes serve a request, and what they ask for.

use alloc::string::{String, ToString};

use super::parts::Gate;
use crate::credential::CredentialLocation;
use crate::error::{AuthError, CredentialError, PolicyError};
use crate::handling::{CredentialHandling, RouteCredential};
use crate::policy::binding::Binding;
use crate::policy::route::{CompiledAccess, Route};
use crate::policy::template::WEBSOCKET;
use crate::principal::Principal;
use crate::request::Request;
use crate::trace::{Event, HypotheticalCaller, Trace};
use crate::upstream::standing::Standing;

/// The routes that serve a request. All of them must allow it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RouteMatch<'g> {
    /// `None` if there is none.
    pub(super) route: Option<&'g Route>,
    /// The GET route of the same path, where the request is a WebSocket.
    ///
    /// SECURITY: an origin that knows no WebSocket there takes the request for what it also is, a GET.
    pub(super) beneath: Option<&'g Route>,
}

impl<'g> RouteMatch<'g> {
    pub(super) fn all(self) -> impl Iterator<Item = &'g Route> {
        self.route.into_iter().chain(self.beneath)
    }

    /// Whether credentials are the origin's own affair on all of them.
    fn leaves_credentials(self) -> bool {
        self.all().all(|route| route.credential == RouteCredential::OfOrigin)
    }

    /// What becomes of the credential that stands at `location`, of a caller that is handled so if no route says more.
    pub(super) fn standing(self, location: CredentialLocation, handling: CredentialHandling) -> Standing {
        let handling = match self.route.map(|route| route.credential) {
            Some(RouteCredential::Handled(own)) => own,
            _ => handling,
        };
        Standing::Verified(location, handling)
    }

    pub(super) fn bindings(self) -> impl Iterator<Item = &'g Binding> {
        self.all().flat_map(|route| &route.bindings)
    }

    /// The longest body that bindings are compared with, in bytes.
    pub(super) fn body_bytes(self) -> usize {
        self.all().map(|route| route.body_bytes).min().unwrap_or_default()
    }
}

/// What the routes ask of a request before anybody is authenticated.
pub(super) enum Admission {
    /// Nothing; credentials, if there are any, have this standing.
    Public(Standing),
    /// A credential.
    Credential,
}

/// What the routes ask for. An unknown route asks for a credential.
pub(super) fn admit(routes: RouteMatch<'_>) -> Result<Admission, PolicyError> {
    if routes.route.is_some_and(|route| route.access == CompiledAccess::Refused) {
        return Err(PolicyError::RouteRefused);
    }
    let is_public =
        routes.route.is_some() && routes.all().all(|route| route.access == CompiledAccess::Public);
    Ok(match is_public {
        true if routes.leaves_credentials() => Admission::Public(Standing::OfOrigin),
        true => Admission::Public(Standing::Unverified),
        false => Admission::Credential,
    })
}

impl Gate {
    /// Whether `principal` may use the routes, as far as permissions go; else why not, and which of them refuses.
    pub(super) fn permit<'g>(
        &self,
        routes: RouteMatch<'g>,
        principal: &Principal,
    ) -> Result<(), (PolicyError, Option<&'g Route>)> {
        // Who is not authenticated does not learn which routes exist: only now is an unknown one told apart.
        if routes.route.is_none() {
            return Err((PolicyError::RouteUnknown, None));
        }
        routes.all().try_for_each(|route| match route.access {
            CompiledAccess::Public => Ok(()),
            CompiledAccess::Refused => Err((PolicyError::RouteRefused, Some(route))),
            CompiledAccess::Permission(permission) => {
                self.parts().policy.authorize(principal, permission).map_err(|error| (error, Some(route)))
            }
        })
    }

    /// Whether `caller` may use `route`, as far as roles and scopes go: what the gate decides of a request before it looks
    /// at bindings.
    ///
    /// # Errors
    ///
    /// [`AuthError`] as a request of this caller would get it.
    pub fn would_permit(&self, route: &Route, caller: &HypotheticalCaller) -> Result<(), AuthError> {
        let routes = RouteMatch { route: Some(route), beneath: None };
        match (admit(routes)?, caller.unbound()) {
            (Admission::Public(_), _) => Ok(()),
            (Admission::Credential, None) => Err(CredentialError::Missing.into()),
            (Admission::Credential, Some(principal)) => {
                self.permit(routes, principal).map_err(|(error, _)| error.into())
            }
        }
    }

    pub(super) fn routes(&self, request: &Request<'_>, trace: &mut impl Trace) -> RouteMatch<'_> {
        if request.is_websocket() {
            let route = self.find(WEBSOCKET, request, trace);
            return RouteMatch { route, beneath: self.find("GET", request, trace) };
        }
        RouteMatch { route: self.route(request.method(), request, trace), beneath: None }
    }

    pub(super) fn route(
        &self,
        method: &[u8],
        request: &Request<'_>,
        trace: &mut impl Trace,
    ) -> Option<&Route> {
        // A method that happens to be called like the notation for an upgrade is not one.
        let method = core::str::from_utf8(method).ok().filter(|method| *method != WEBSOCKET)?;
        self.find(method, request, trace)
    }

    fn find(&self, method: &str, request: &Request<'_>, trace: &mut impl Trace) -> Option<&Route> {
        let route = self.parts().policy.routes.find(method, request.path())?;
        if !route.hosts.is_empty() && !request.is_for(&route.hosts) {
            return None;
        }
        trace.event(|| Event::Route(route));
        Some(route)
    }

    /// The permission that `route` asks for, as text.
    pub(super) fn permission_of(&self, route: &Route) -> Option<String> {
        let CompiledAccess::Permission(id) = route.access else { return None };
        self.parts().policy.routes.permission(id).map(ToString::to_string)
    }
}
