//! A request, and who may send one.

use std::collections::BTreeMap;

/// What a credential declares.
#[derive(Debug, Clone)]
pub enum Declared {
    /// A claim of a token that is a text.
    Text(String),
    /// A claim of a token that is a list.
    List(Vec<String>),
    /// The scopes of the record of an API key.
    Recorded(Vec<String>),
}

/// A request, as text.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    pub body: String,
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
    /// What narrows them.
    pub scopes: Vec<Declared>,
    /// Claims, by JSON pointer.
    pub claims: BTreeMap<String, Vec<String>>,
}

impl Request {
    /// What stands before it.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What stands behind the first question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The elements of all lines of the header `name`.
    pub fn elements(&self, name: &str) -> Vec<String> {
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
