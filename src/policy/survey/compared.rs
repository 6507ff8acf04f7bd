//! Bindings of a route, compared with one request.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::SurveyedRoute;
use crate::body;
use crate::credential::{AUTHORIZATION, WEBSOCKET_PROTOCOL, percent_decode};
use crate::gate::Gate;
use crate::json::Value;
use crate::path::Target;
use crate::policy::{Binding, Parameter, Parameters, Values};
use crate::principal::Principal;
use crate::request::RequestHead;

/// A binding, and what a request and a caller bring to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedBinding {
    /// As it is written: `path.collection = /collections`.
    pub text: String,
    /// What the request has in the place of the parameter, decoded; a binding needs exactly one value.
    pub found: Vec<String>,
    /// What the caller is bound to.
    pub allowed: Vec<String>,
    /// Whether it holds.
    pub holds: bool,
    /// Whether it compares a member of the body.
    pub on_body: bool,
}

impl Gate {
    /// Compares a request of `principal` with what `route` binds callers to: every binding, also after one that does not
    /// hold, those on the body last. A value that may be a credential is not shown.
    pub fn compare_bindings(
        &self,
        route: &SurveyedRoute<'_>,
        head: &RequestHead<'_>,
        body: Option<&[u8]>,
        principal: &Principal,
    ) -> Vec<ComparedBinding> {
        let Ok(target) = Target::parse(head.target) else { return Vec::new() };
        let body = body.and_then(|body| body::parse(body).ok());
        let parameters = Parameters { path: &target.path, query: target.query, head, body: body.as_ref() };
        let compare = |binding: &Binding| ComparedBinding {
            text: binding.to_string(),
            found: self.found(&binding.parameter, &parameters),
            allowed: allowed(&binding.values, principal),
            holds: binding.holds(&parameters, principal),
            on_body: binding.is_on_body(),
        };
        let (on_body, on_head): (Vec<_>, Vec<_>) =
            route.route.bindings.iter().partition(|binding| binding.is_on_body());
        on_head.into_iter().chain(on_body).map(compare).collect()
    }

    fn found(&self, parameter: &Parameter, parameters: &Parameters<'_>) -> Vec<String> {
        const HIDDEN: &str = "(hidden)";
        match parameter {
            Parameter::Path { segment, .. } => {
                let mut segments = parameters.path.split('/').skip(1).skip(*segment);
                // In a path a plus sign stands for itself.
                segments.next().map(|text| percent_decode(&text.replace('+', "%2B"))).into_iter().collect()
            }
            Parameter::Query(name) => {
                let pairs = parameters.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
                pairs
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                    .filter(|(key, _)| percent_decode(key) == *name)
                    .map(|(key, value)| {
                        let hidden = self.places.is_query_parameter(key);
                        if hidden { HIDDEN.to_string() } else { percent_decode(value) }
                    })
                    .collect()
            }
            Parameter::Header(name) => {
                let hidden = [AUTHORIZATION, WEBSOCKET_PROTOCOL].contains(&name.as_str())
                    || self.places.api_key_header.as_deref() == Some(name);
                let shown = |value: &[u8]| {
                    if hidden { HIDDEN.to_string() } else { String::from_utf8_lossy(value).into_owned() }
                };
                // Beside the header itself, another spelling of its name counts as a second one.
                let same = |pair: &[u8]| {
                    pair.iter()
                        .map(|octet| if *octet == b'_' { b'-' } else { octet.to_ascii_lowercase() })
                        .eq(name.bytes())
                };
                let lines = parameters.head.headers.iter().filter(|pair| same(pair.name));
                let found: Vec<String> = lines.map(|pair| shown(pair.value.trim_ascii())).collect();
                if parameters.head.lines(name).next().is_some() { found } else { Vec::new() }
            }
            Parameter::Body(place) => {
                let found = parameters.body.and_then(|body| place.get(body));
                found.map(text).into_iter().collect()
            }
        }
    }
}

/// A text as it is, and any other value as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string(value).unwrap_or_default(), ToString::to_string)
}

/// What `principal` may be bound to.
fn allowed(values: &Values, principal: &Principal) -> Vec<String> {
    match values {
        Values::Subject => Vec::from([principal.subject.clone()]),
        Values::Tenant => principal.tenant.iter().cloned().collect(),
        Values::Claim(pointer) => principal.attributes.get(pointer).cloned().unwrap_or_default(),
    }
}
