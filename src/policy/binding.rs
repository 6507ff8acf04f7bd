//! Bindings: a parameter of the request, or a member of its JSON body, must be one of the values the caller is bound to, so that tenants and collections
//! are kept apart before the origin is asked.
//!
//! Fails closed: a parameter that is absent, occurs twice, cannot be decoded, or is compared with a claim the caller does not
//! have, is a mismatch.

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;

use crate::json::{Number, Pointer, Value};
use crate::path::hex_value;
use crate::principal::Principal;
use crate::request::RequestHead;

/// `parameter` must be among `values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) parameter: Parameter,
    pub(crate) values: Values,
}

/// A place in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// A parameter of the route: its name, and which segment of the path it is.
    Path { name: String, segment: usize },
    /// A parameter of the query, by its decoded name.
    Query(String),
    /// A header, in lower case.
    Header(String),
    /// A member of the JSON body: a text, a whole number, or a list of these.
    Body(Pointer),
}

/// What a request has parameters in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'r> {
    /// In normal form.
    pub(crate) path: &'r str,
    pub(crate) query: Option<&'r str>,
    pub(crate) head: &'r RequestHead<'r>,
    /// The body, once it has been read.
    pub(crate) body: Option<&'r Value>,
}

/// Where a principal's values stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values {
    Subject,
    Tenant,
    /// A JSON pointer into the claims, or into what the record of an API key has instead.
    Claim(String),
}

impl Binding {
    /// The same for two bindings of the same parameter to the same values, whatever a route calls the parameter.
    pub(crate) fn key(&self) -> String {
        match &self.parameter {
            Parameter::Path { segment, .. } => format!("{segment} {:?}", self.values),
            Parameter::Query(_) | Parameter::Header(_) | Parameter::Body(_) => self.to_string(),
        }
    }

    /// Whether it compares a member of the body.
    pub(crate) fn is_on_body(&self) -> bool {
        matches!(self.parameter, Parameter::Body(_))
    }

    /// Whether the request has the parameter exactly once, with a value of the principal's.
    pub(crate) fn holds(&self, parameters: &Parameters<'_>, principal: &Principal) -> bool {
        match &self.parameter {
            Parameter::Path { segment, .. } => {
                let found = parameters.path.strip_prefix('/').and_then(|path| path.split('/').nth(*segment));
                found.is_some_and(|text| self.values.any(principal, |value| percent_decodes_to(text, value)))
            }
            Parameter::Query(name) => {
                let pairs = parameters.query.unwrap_or_default().split('&');
                let mut named = pairs.filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    form_decodes_to(key, name).then_some(value)
                });
                let (Some(text), None) = (named.next(), named.next()) else { return false };
                self.values.any(principal, |value| form_decodes_to(text, value))
            }
            Parameter::Header(name) => {
                // A server that reads headers as variables takes `x_tenant` for `x-tenant`.
                let is_named = |found: &[u8]| {
                    found.len() == name.len()
                        && found.iter().zip(name.bytes()).all(|(octet, wanted)| {
                            octet.to_ascii_lowercase() == wanted || (*octet == b'_' && wanted == b'-')
                        })
                };
                let mut lines = parameters.head.headers.iter().filter(|pair| is_named(pair.name));
                let (Some(line), None) = (lines.next(), lines.next()) else { return false };
                // SECURITY: alone, the other spelling does not stand in: most servers would see no such header at all.
                line.is(name)
                    && self.values.any(principal, |value| line.value.trim_ascii() == value.as_bytes())
            }
            Parameter::Body(place) => {
                parameters.body.and_then(|body| member(place, body)).is_some_and(|value| match value {
                    // None of them may be missing from the principal's, and an empty list may mean "all" to an origin.
                    Value::Array(elements) if !elements.is_empty() => {
                        elements.iter().all(|element| self.values.has(principal, element))
                    }
                    value => self.values.has(principal, value),
                })
            }
        }
    }
}

/// The value at `place`, unless a member on the way there has a twin that differs in case only: some servers take one for
/// the other.
fn member<'v>(place: &Pointer, body: &'v Value) -> Option<&'v Value> {
    let fold = |name: &str| name.to_uppercase().to_lowercase();
    let mut value = body;
    for token in place.tokens() {
        if let Value::Object(members) = value {
            let wanted = fold(token);
            if members.keys().filter(|name| fold(name) == wanted).count() != 1 {
                return None;
            }
        }
        value = value.child(token)?;
    }
    Some(value)
}

impl Values {
    /// Whether a text or a whole number is a value of the principal's.
    fn has(&self, principal: &Principal, found: &Value) -> bool {
        match found {
            Value::String(text) => self.any(principal, |value| value == text),
            Value::Number(Number::Unsigned(number)) => {
                let text = number.to_string();
                self.any(principal, |value| value == text)
            }
            _ => false,
        }
    }

    fn any(&self, principal: &Principal, matches: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Subject => matches(&principal.subject),
            Self::Tenant => principal.tenant.as_deref().is_some_and(matches),
            Self::Claim(pointer) => principal
                .attributes
                .get(pointer)
                .is_some_and(|values| values.iter().any(|value| matches(value))),
        }
    }
}

/// Whether a path segment decodes to `value`.
fn percent_decodes_to(text: &str, value: &str) -> bool {
    decodes_to(text, value, |octet| octet)
}

/// Whether a name or a value of a query decodes to `value`
/// ([URL standard, application/x-www-form-urlencoded](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)).
fn form_decodes_to(text: &str, value: &str) -> bool {
    decodes_to(text, value, |octet| if octet == b'+' { b' ' } else { octet })
}

fn decodes_to(text: &str, value: &str, plain: impl Fn(u8) -> u8) -> bool {
    let mut octets = text.bytes();
    let mut wanted = value.bytes();
    while let Some(octet) = octets.next() {
        let octet = if octet == b'%' {
            let (high, low) = (octets.next().and_then(hex_value), octets.next().and_then(hex_value));
            match (high, low) {
                (Some(high), Some(low)) => (high << 4) | low,
                _ => return false,
            }
        } else {
            plain(octet)
        };
        if wanted.next() != Some(octet) {
            return false;
        }
    }
    wanted.next().is_none()
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parameter {
            Parameter::Path { name, .. } => write!(f, "path.{name}")?,
            Parameter::Query(name) => write!(f, "query.{name}")?,
            Parameter::Header(name) => write!(f, "header.{name}")?,
            Parameter::Body(place) => write!(f, "body.{place}")?,
        }
        match &self.values {
            Values::Subject => f.write_str(" = subject"),
            Values::Tenant => f.write_str(" = tenant"),
            Values::Claim(pointer) => write!(f, " = {pointer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{form_decodes_to, percent_decodes_to};

    #[test]
    fn decoding_compares_octets() {
        for (text, value, expected) in [
            ("a", "a", true),
            ("%61", "a", true),
            ("a+b", "a+b", true),
            ("a%20b", "a b", true),
            ("caf%C3%A9", "café", true),
            ("", "", true),
            ("a", "ab", false),
            ("ab", "a", false),
            ("%6", "a", false),
            ("%zz", "%zz", false),
            ("A", "a", false),
        ] {
            assert_eq!(percent_decodes_to(text, value), expected, "{text} {value}");
        }
        assert!(
            form_decodes_to("a+b", "a b")
                && form_decodes_to("a%2Bb", "a+b")
                && !form_decodes_to("a+b", "a+b")
        );
    }
}
