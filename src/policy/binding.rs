//! Bindings: a parameter of the request, or a member of its JSON body, must be one of the values the caller is bound to,
//! so that tenants and collections are kept apart before the origin is asked.
//!
//! What is compared is what is sent: a parameter is read from the outbound request. Fails closed: one that is absent,
//! occurs twice, cannot be decoded, or is compared with a claim the caller does not have, is a mismatch.

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::json::{Number, Pointer, Value};
use crate::percent;
use crate::principal::Principal;
use crate::upstream::outbound::Outbound;

/// `parameter` must be among `values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What is compared.
    pub parameter: Parameter,
    /// What with.
    pub values: Values,
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
    /// A header, in lower case and without underscores.
    Header(String),
    /// A member of the JSON body: a text, a whole number, or a list of these.
    Body(Pointer),
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
}

/// What a request has in the place of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<'r> {
    /// The values found there, decoded. Of a list, its elements.
    pub found: Vec<Cow<'r, [u8]>>,
    /// Whether they are what the origin will find there, whatever it is made of: one value, or one list of a body.
    pub is_sole: bool,
}

impl Binding {
    /// Whether it compares a member of the body.
    pub fn is_on_body(&self) -> bool {
        matches!(self.parameter, Parameter::Body(_))
    }

    /// What the outbound request, or its body, has in the place of the parameter.
    pub(crate) fn read<'r>(&self, outbound: &'r Outbound<'_>) -> Reading<'r> {
        match &self.parameter {
            Parameter::Path { segment, .. } => {
                let mut segments = outbound.path().split('/').skip(1);
                Reading::one(segments.nth(*segment).map(percent::decode))
            }
            Parameter::Query(name) => {
                let pairs = outbound.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
                let mut named = pairs.filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (percent::decode_form(key)? == name.as_bytes()).then(|| percent::decode_form(value))
                });
                Reading::one_of(&mut named)
            }
            Parameter::Header(name) => {
                // SECURITY: beside the header itself, another spelling of its name counts as a second one; alone, it does
                // not stand in: most servers would see no such header at all.
                let lines: Vec<_> = outbound.like(name).collect();
                let found = lines.iter().map(|line| Cow::Borrowed(line.value().trim_ascii())).collect();
                Reading { found, is_sole: matches!(lines.as_slice(), [only] if only.name() == name) }
            }
            // Of the head, nothing is compared.
            Parameter::Body(_) => Reading::NOTHING,
        }
    }

    /// What `body` has in the place of the parameter, if it is one of the body.
    pub(crate) fn read_body<'r>(&self, body: &'r Value) -> Reading<'r> {
        let Parameter::Body(place) = &self.parameter else { return Reading::NOTHING };
        let Some(value) = member(place, body) else {
            return Reading { is_sole: false, ..Reading::of(place.get(body)) };
        };
        match value {
            // None of them may be missing from the principal's, and an empty list may mean "all" to an origin.
            Value::Array(elements) if !elements.is_empty() => {
                let readings = elements.iter().map(|element| Reading::of(Some(element)));
                readings.fold(Reading { found: Vec::new(), is_sole: true }, Reading::and)
            }
            value => Reading::of(Some(value)),
        }
    }

    /// Whether what was read are values of the principal's.
    pub(crate) fn holds(&self, reading: &Reading<'_>, principal: &Principal) -> bool {
        let allowed = self.values.of(principal);
        let is_allowed =
            |found: &Cow<'_, [u8]>| allowed.iter().any(|value| value.as_bytes() == found.as_ref());
        reading.is_sole && !reading.found.is_empty() && reading.found.iter().all(is_allowed)
    }
}

impl<'r> Reading<'r> {
    const NOTHING: Self = Self { found: Vec::new(), is_sole: false };

    /// A value that is there, if it is, and could be decoded, if it could.
    fn one(value: Option<Option<Cow<'r, [u8]>>>) -> Self {
        let is_sole = matches!(value, Some(Some(_)));
        Self { found: value.flatten().into_iter().collect(), is_sole }
    }

    /// The same of all values that are there, of which there must be one.
    fn one_of(values: &mut dyn Iterator<Item = Option<Cow<'r, [u8]>>>) -> Self {
        let mut reading = Self::one(values.next());
        for value in values {
            reading.is_sole = false;
            reading.found.extend(value);
        }
        reading
    }

    /// A text or a whole number of a body; anything else is found and compared with nothing.
    fn of(value: Option<&'r Value>) -> Self {
        match value {
            None => Self::NOTHING,
            Some(Value::String(text)) => Self::one(Some(Some(Cow::Borrowed(text.as_bytes())))),
            Some(Value::Number(Number::Unsigned(number))) => {
                Self::one(Some(Some(Cow::Owned(number.to_string().into_bytes()))))
            }
            Some(other) => {
                let text = serde_json::to_string(other).unwrap_or_default();
                Self { found: Vec::from([Cow::Owned(text.into_bytes())]), is_sole: false }
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        Self { found: self.found, is_sole: self.is_sole && other.is_sole }
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
        }
    }
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
