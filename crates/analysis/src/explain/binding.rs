//! Bindings and both their sides.

use portcullis::Principal;
use portcullis::parts::{
    AUTHORIZATION, Binding, COOKIE, CredentialLocations, Occurrence, Parameter, Reading, WEBSOCKET_PROTOCOL,
};

use crate::render::list_or;

/// A binding, and what a request and a caller brought to it.
#[derive(Debug, Clone)]
pub(crate) struct ComparedBinding {
    /// As it is written: `path.collection = /collections`.
    pub(crate) text: String,
    /// What the request has in the place of the parameter, decoded.
    found: Vec<String>,
    /// Whether that is what the origin finds there.
    occurrence: Occurrence,
    /// What the caller is bound to.
    pub(crate) allowed: Vec<String>,
    /// Whether it holds.
    pub(crate) holds: bool,
}

impl ComparedBinding {
    /// A binding as the gate compared it. A value that may be a credential is not kept.
    pub(crate) fn new(
        binding: &Binding,
        reading: &Reading<'_>,
        principal: &Principal,
        holds: bool,
        locations: &CredentialLocations,
    ) -> Self {
        let hidden = may_be_credential(&binding.parameter, locations);
        let shown = |value: &[u8]| {
            if hidden { "(hidden)".to_owned() } else { String::from_utf8_lossy(value).into_owned() }
        };
        Self {
            text: binding.to_string(),
            found: reading.found.iter().map(|value| shown(value)).collect(),
            occurrence: reading.occurrence,
            allowed: binding.values.of(principal).into_iter().map(str::to_owned).collect(),
            holds,
        }
    }

    /// What the request has: `nothing`, or a sentence about what is there.
    pub(crate) fn found(&self) -> Found<'_> {
        match (self.occurrence, self.found.as_slice()) {
            (Occurrence::Absent, _) => Found::Nothing,
            (Occurrence::Sole, [only]) => Found::One(only),
            (Occurrence::Sole, several) => Found::List(several),
            (Occurrence::Unclear, [] | [_]) => Found::Unclear,
            (Occurrence::Unclear, several) => Found::Times(several.len()),
        }
    }

    /// The binding and both sides, in a sentence.
    pub(crate) fn render(&self) -> String {
        let found = match self.found() {
            Found::Nothing => "the request has none".to_owned(),
            Found::One(only) => format!("the request has `{only}`"),
            Found::List(elements) => format!("the request has {}", quoted(elements, "none")),
            Found::Times(times) => format!("the request has it {times} times"),
            Found::Unclear => "the request has it in a form that servers read differently".to_owned(),
        };
        let ending = if self.holds { "holds" } else { "does not hold" };
        format!("{} {ending}: {found}, the caller {}", self.text, quoted(&self.allowed, "nothing"))
    }
}

/// What a request has in the place of a parameter.
pub(crate) enum Found<'b> {
    Nothing,
    One(&'b str),
    /// The elements of a list in the body.
    List(&'b [String]),
    /// It is there so many times, and must be once.
    Times(usize),
    /// It is there in another spelling than the one that every server reads.
    Unclear,
}

/// Each value in back quotes.
pub(crate) fn quoted(values: &[String], nothing: &str) -> String {
    list_or(values.iter().map(|value| format!("`{value}`")), nothing)
}

fn may_be_credential(parameter: &Parameter, locations: &CredentialLocations) -> bool {
    match parameter {
        Parameter::Header(name) => {
            [AUTHORIZATION, COOKIE, WEBSOCKET_PROTOCOL].contains(&name.as_str())
                || locations.api_key_header.as_deref() == Some(name)
        }
        Parameter::Query(name) => locations.is_query_parameter(name),
        // What keeps a session is a credential to somebody, and a twin of it may be one.
        Parameter::Cookie(_) => true,
        Parameter::Path { .. } | Parameter::Body(_) | Parameter::Form(_) | Parameter::FormJson(_) => false,
    }
}
