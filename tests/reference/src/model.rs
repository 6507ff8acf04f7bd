//! "The credential" of `docs/decisions.md`, and the order of all the steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::holds;
use crate::path::normal_form;
use crate::request::{Caller, Request};
use crate::roles::{Role, have};
use crate::routes::{Route, find};

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
        let allowed = route.is_some_and(|route| {
            have(&self.roles, &caller.roles, &route.access)
                && route
                    .bindings
                    .iter()
                    .all(|rule| holds(rule, |name| route.parameter(name, &path), request, caller))
        });
        if allowed { Answer::Allowed(path) } else { Answer::Refused(403) }
    }

    /// Who sends the request, or the status of the refusal.
    fn caller(&self, request: &Request) -> Result<&Caller, u16> {
        let authorization = request.elements("authorization");
        let api_key = request.elements("x-api-key");
        // Only what can be read can be told to be the same.
        let presented: BTreeSet<Option<&str>> = authorization
            .iter()
            .map(|text| bearer(text))
            .chain(api_key.iter().map(|key| Some(key.as_str())))
            .collect();
        let elements = authorization.len() + api_key.len();
        if elements == 0 {
            return Err(401);
        }
        if presented.len() > 1 || elements > 1 && presented.contains(&None) {
            return Err(400);
        }
        if let Some(text) = authorization.first() {
            return bearer(text).and_then(|token| self.tokens.get(token)).ok_or(401);
        }
        api_key.first().and_then(|key| self.api_keys.get(key)).ok_or(401)
    }
}

/// What stands behind the scheme.
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
