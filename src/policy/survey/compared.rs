//! Bindings of a route, compared with one request.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::SurveyedRoute;
use crate::credential::{AUTHORIZATION, WEBSOCKET_PROTOCOL, percent_decode};
use crate::gate::Gate;
use crate::path::Target;
use crate::policy::{Binding, Parameter, Values};
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
}

impl Gate {
    /// Compares a request of `principal` with what `route` binds callers to: every binding, also after one that does not
    /// hold. A value that may be a credential is not shown.
    pub fn compare_bindings(
        &self,
        route: &SurveyedRoute<'_>,
        head: &RequestHead<'_>,
        principal: &Principal,
    ) -> Vec<ComparedBinding> {
        let Ok(target) = Target::parse(head.target) else { return Vec::new() };
        let compare = |binding: &Binding| ComparedBinding {
            text: binding.to_string(),
            found: self.found(&binding.parameter, &target, head),
            allowed: allowed(&binding.values, principal),
            holds: binding.holds(&target.path, target.query, head, principal),
        };
        route.route.bindings.iter().map(compare).collect()
    }

    fn found(&self, parameter: &Parameter, target: &Target<'_>, head: &RequestHead<'_>) -> Vec<String> {
        const HIDDEN: &str = "(hidden)";
        match parameter {
            Parameter::Path { segment, .. } => {
                let mut segments = target.path.split('/').skip(1).skip(*segment);
                // In a path a plus sign stands for itself.
                segments.next().map(|text| percent_decode(&text.replace('+', "%2B"))).into_iter().collect()
            }
            Parameter::Query(name) => {
                let pairs = target.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
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
                let lines = head.headers.iter().filter(|pair| same(pair.name));
                let found: Vec<String> = lines.map(|pair| shown(pair.value.trim_ascii())).collect();
                if head.lines(name).next().is_some() { found } else { Vec::new() }
            }
        }
    }
}

/// What `principal` may be bound to.
fn allowed(values: &Values, principal: &Principal) -> Vec<String> {
    match values {
        Values::Subject => Vec::from([principal.subject.clone()]),
        Values::Tenant => principal.tenant.iter().cloned().collect(),
        Values::Claim(pointer) => principal.attributes.get(pointer).cloned().unwrap_or_default(),
    }
}
