//! The headers in which the origin is told who the caller is.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::caller::Caller;
use super::headers::{encode, join};
use crate::json::{Pointer, Value};
use crate::request::Header;

/// The names of these headers, in lower case; what has none is not told. They are letters, digits and hyphens,
/// and no two are the same.
///
/// SECURITY: no caller may set one of them. That is so for the names of [`IdentityHeaders::standard`] wherever they are, and
/// for others where this is a part of [`Upstream`](super::rules::Upstream).
#[derive(Debug, Clone, Default)]
pub struct IdentityHeaders {
    /// That of the subject.
    pub subject: Option<String>,
    /// That of the roles, joined by commas.
    pub roles: Option<String>,
    /// That of the scopes, if any are declared, joined by spaces.
    pub scopes: Option<String>,
    /// That of the tenant, if there is one.
    pub tenant: Option<String>,
    /// Those of claims, and the place where each stands with the caller.
    pub claims: Vec<(String, Pointer)>,
}

impl IdentityHeaders {
    /// The gate's own names.
    pub fn standard() -> Self {
        let name = |name: &str| Some(name.to_string());
        Self {
            subject: name("x-auth-subject"),
            roles: name("x-auth-roles"),
            scopes: name("x-auth-scopes"),
            tenant: name("x-auth-tenant"),
            claims: Vec::new(),
        }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let known = [&self.subject, &self.roles, &self.scopes, &self.tenant];
        let claims = self.claims.iter().map(|(name, _)| name);
        known.into_iter().flatten().chain(claims).map(String::as_str)
    }

    /// Whether a server may take `header` for one of them.
    pub(super) fn has(&self, header: &Header<'_>) -> bool {
        self.names().any(|name| header.is_like(name))
    }

    /// Tells the origin who the caller is.
    pub(super) fn set(&self, caller: &Caller, set: &mut Vec<(String, String)>) {
        let principal = &caller.principal;
        let scopes = principal.scopes().map(|scopes| join(scopes, " "));
        let told = [
            (&self.subject, Some(encode(principal.subject()))),
            (&self.roles, Some(join(&caller.roles, ","))),
            (&self.scopes, scopes),
            (&self.tenant, principal.tenant().map(encode)),
        ];
        let told = told.into_iter().filter_map(|(name, value)| Some((name.clone()?, value?)));
        set.extend(told);
        for (name, place) in &self.claims {
            let value = principal.carried().get(&place.to_string()).map(written);
            // Hosts and servers disagree about headers without a value.
            set.extend(value.filter(|value| !value.is_empty()).map(|value| (name.clone(), value)));
        }
    }
}

/// A claim as the value of a header.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => encode(text),
        Value::Array(elements) => {
            let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            join(&texts, ",")
        }
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
