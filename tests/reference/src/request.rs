//! "The credential" of `docs/decisions.md`, and the order of all the steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::holds;
use crate::path::normal_form;
use crate::roles::{Role, have};
use crate::routes::{Route, find};

/// A request, as text.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines.
    pub headers: Vec<(String, String)>,
}

/// Somebody whose credential is known to be good.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Who it is.
    pub subject: String,
    /// The tenant, if there is one.
    pub tenant: Option<String>,
    /// The names of the roles.
    pub roles: Vec<String>,
    /// Claims, by JSON pointer.
    pub claims: BTreeMap<String, Vec<String>>,
}

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

impl Request {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What stands behind the first question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The elements of all lines of the header `name`.
    fn elements(&self, name: &str) -> Vec<String> {
        let lines = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        lines.flat_map(|(_, value)| value.split(',').map(|element| element.trim().to_owned())).collect()
    }
}

impl Caller {
    /// What a binding may be equal to.
    pub fn values(&self, source: &str) -> Vec<String> {
        match source {
            "subject" => vec![self.subject.clone()],
            "tenant" => self.tenant.iter().cloned().collect(),
            pointer => self.claims.get(pointer).cloned().unwrap_or_default(),
        }
    }
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
                && route.bindings.iter().all(|rule| holds(rule, route, &path, request, caller))
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
