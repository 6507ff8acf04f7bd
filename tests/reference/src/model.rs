//! The order of all the steps of `docs/decisions.md`.

use std::collections::BTreeMap;

use crate::bindings::{holds, holds_for};
use crate::body::{self, is_on_body};
use crate::credentials::{self, Found, is_cross_site};
use crate::path::normal_form;
use crate::request::{Caller, Request};
use crate::roles::{Role, have};
use crate::routes::{Route, find};
use crate::scopes::Known;

/// A gate.
#[derive(Debug, Clone)]
pub struct Model {
    /// The routes.
    pub routes: Vec<Route>,
    /// The roles by name.
    pub roles: BTreeMap<String, Role>,
    /// The callers by the token or the API key that shows who they are.
    pub tokens: BTreeMap<String, Caller>,
    /// The callers by API key.
    pub api_keys: BTreeMap<String, Caller>,
    /// The cookie that a credential may stand in.
    pub cookie: Option<String>,
    /// Whether scopes narrow.
    pub scopes_narrow: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It goes on, with this path.
    Allowed(String),
    /// It is refused with this status.
    Refused(u16),
}

impl Model {
    /// What becomes of the request.
    pub fn decide(&self, request: &Request) -> Answer {
        let Some(path) = normal_form(request.path()) else { return Answer::Refused(400) };
        let route = find(&self.routes, &request.method, &path);
        match route.map(|route| route.access.as_str()) {
            Some("refused") => return Answer::Refused(403),
            Some("public") => return Answer::Allowed(path),
            _ => {}
        }
        let caller = match self.caller(request) {
            Ok(caller) => caller,
            Err(status) => return Answer::Refused(status),
        };
        let known = Known::of(&self.routes, self.roles.values());
        let leave =
            |permission: &str| caller.scopes.iter().all(|declared| known.leaves(declared, permission));
        let Some(route) = route else { return Answer::Refused(403) };
        let (on_body, others): (Vec<_>, Vec<_>) = route.bindings.iter().partition(|rule| is_on_body(rule));
        let may = have(&self.roles, &caller.roles, &route.access)
            && (!self.scopes_narrow || leave(&route.access))
            && others.iter().all(|rule| holds(rule, |name| route.parameter(name, &path), request, caller));
        if !may {
            return Answer::Refused(403);
        }
        if !on_body.is_empty() {
            match body::read(request, &on_body) {
                Err(status) => return Answer::Refused(status),
                Ok(body) if !on_body.iter().all(|rule| holds_for(rule, &body, caller)) => {
                    return Answer::Refused(403);
                }
                Ok(_) => {}
            }
        }
        Answer::Allowed(path)
    }

    /// Who sends the request, or the status of the refusal.
    fn caller(&self, request: &Request) -> Result<&Caller, u16> {
        let found = credentials::find(request, self.cookie.as_deref())?;
        if matches!(found, Found::Cookie(_)) && is_cross_site(request) {
            return Err(403);
        }
        let caller = match &found {
            Found::Authorization(token) | Found::Cookie(token) => self.tokens.get(token),
            Found::ApiKey(key) => self.api_keys.get(key),
        };
        caller.ok_or(401)
    }
}
