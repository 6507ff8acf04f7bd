//! Bindings: a parameter of the request, or of its body, must be one of the values the caller is bound to, so that tenants
//! and collections are kept apart before the origin is asked.
//!
//! What is compared is what is sent: a parameter is read from the outbound request. Fails closed: one that is absent,
//! unless that is allowed, that occurs twice, that servers read differently, or that is compared with a claim the caller
//! does not have, is a mismatch.

mod body;
mod head;
mod name;
mod reading;

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

pub use reading::{Occurrence, Reading};

use crate::ask::ObjectTemplate;
use crate::body::{Accepts, Body};
use crate::json::Pointer;
use crate::principal::Principal;
use crate::upstream::outbound::Outbound;

/// `parameter` must be among `values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What is compared.
    pub parameter: Parameter,
    /// What with.
    pub values: Values,
    /// Whether it holds as well if the request has no such parameter.
    pub optional: bool,
    /// Whether a JSON null is no parameter.
    pub nullable: bool,
}

/// A place in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// A parameter of the route.
    Path {
        /// Its name.
        name: String,
        /// Which segment of the path it is, counted from 0.
        segment: usize,
    },
    /// A parameter of the query, by its decoded name.
    Query(String),
    /// A header, of lower case letters, digits and hyphens.
    Header(String),
    /// A cookie, by its name.
    Cookie(String),
    /// A member of the JSON body: a text, a whole number, or a list of these.
    Body(Pointer),
    /// A field of a form that is the body, by its decoded name.
    Form(String),
    /// The same, whose value is a JSON text: a text, a whole number, or a list of these.
    FormJson(String),
}

/// Where a principal's values stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Its subject.
    Subject,
    /// Its tenant.
    Tenant,
    /// A JSON pointer into the claims, or into what the record of an API key has instead.
    Claim(String),
    /// Those of the objects that the origin lets it read.
    Object(ObjectTemplate),
}

impl Binding {
    /// Whether the origin has to be asked.
    pub fn asks(&self) -> bool {
        matches!(self.values, Values::Object(_))
    }

    /// Whether it compares something of the body.
    pub fn is_on_body(&self) -> bool {
        matches!(self.parameter, Parameter::Body(_) | Parameter::Form(_) | Parameter::FormJson(_))
    }

    /// What the head of the outbound request has in the place of the parameter.
    pub(crate) fn read<'r>(&self, outbound: &'r Outbound<'_>) -> Reading<'r> {
        match &self.parameter {
            Parameter::Path { segment, .. } => head::path(outbound.path(), *segment),
            Parameter::Query(name) => head::query(outbound.query().unwrap_or_default(), name),
            Parameter::Header(name) => head::header(outbound.like(name), name),
            Parameter::Cookie(name) => head::cookie(outbound.lines("cookie"), name),
            // Of the head, nothing is compared.
            Parameter::Body(_) | Parameter::Form(_) | Parameter::FormJson(_) => Reading::UNCLEAR,
        }
    }

    /// What `body` has in the place of the parameter, if it is one of the body.
    pub(crate) fn read_body<'r>(&self, body: &'r Body<'_>) -> Reading<'r> {
        match (&self.parameter, body) {
            (Parameter::Body(place), Body::Json(value)) => body::member(place, value, self.nullable),
            (Parameter::Form(name), Body::Form(fields)) => body::field(fields, name),
            (Parameter::FormJson(name), Body::Form(fields)) => body::json_field(fields, name, self.nullable),
            (Parameter::Body(_) | Parameter::Form(_) | Parameter::FormJson(_), _) => Reading::ABSENT,
            _ => Reading::UNCLEAR,
        }
    }

    /// Whether what was read are values of the principal's.
    pub(crate) fn holds(&self, reading: &Reading<'_>, principal: &Principal) -> bool {
        let allowed = self.values.of(principal);
        let is_allowed =
            |found: &Cow<'_, [u8]>| allowed.iter().any(|value| value.as_bytes() == found.as_ref());
        match reading.occurrence {
            Occurrence::Absent => self.optional,
            Occurrence::Sole => !reading.found.is_empty() && reading.found.iter().all(is_allowed),
            Occurrence::Unclear => false,
        }
    }
}

/// Which bodies can be compared with `bindings`, all of which are on the body.
pub(crate) fn accepts(bindings: &[&Binding]) -> Accepts {
    Accepts {
        json: bindings.iter().any(|binding| matches!(binding.parameter, Parameter::Body(_))),
        form: bindings
            .iter()
            .any(|binding| matches!(binding.parameter, Parameter::Form(_) | Parameter::FormJson(_))),
        nothing: bindings.iter().all(|binding| binding.optional),
    }
}

impl Values {
    /// The principal's values. A subject that is empty is nobody's.
    pub fn of<'p>(&self, principal: &'p Principal) -> Vec<&'p str> {
        match self {
            Self::Subject => {
                [principal.subject()].into_iter().filter(|subject| !subject.is_empty()).collect()
            }
            Self::Tenant => principal.tenant().into_iter().collect(),
            Self::Claim(pointer) => {
                principal.attributes().get(pointer).into_iter().flatten().map(String::as_str).collect()
            }
            Self::Object(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { name, .. } => write!(f, "path.{name}"),
            Self::Query(name) => write!(f, "query.{name}"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
            Self::Body(place) => write!(f, "body.{place}"),
            Self::Form(name) => write!(f, "form.{name}"),
            Self::FormJson(name) => write!(f, "form_json.{name}"),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = match &self.values {
            Values::Subject => "subject",
            Values::Tenant => "tenant",
            Values::Claim(pointer) => pointer,
            Values::Object(template) => &template.to_string(),
        };
        write!(f, "{} = {values}", self.parameter)?;
        if self.optional { f.write_str(" (optional)") } else { Ok(()) }
    }
}
