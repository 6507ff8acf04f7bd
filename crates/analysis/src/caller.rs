//! The kinds of callers that a policy is asked about.

use portcullis::Gate;
use portcullis::trace::HypotheticalCaller;
use serde::Serialize;

/// A kind of caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "caller", content = "role", rename_all = "snake_case")]
pub enum CallerKind {
    /// Without a credential.
    Anonymous,
    /// With a token that says nothing about roles: it gets the default role.
    NoRole,
    /// With this role and no other.
    Role(String),
}

impl CallerKind {
    /// All kinds that `roles` make, in the order they are shown.
    pub fn all<'r>(roles: impl IntoIterator<Item = &'r str>) -> Vec<Self> {
        let roles = roles.into_iter().map(|role| Self::Role(role.to_owned()));
        [Self::Anonymous, Self::NoRole].into_iter().chain(roles).collect()
    }

    /// Such a caller, to ask `gate` about.
    pub fn hypothetical(&self, gate: &Gate) -> HypotheticalCaller {
        match self {
            Self::Anonymous => HypotheticalCaller::anonymous(),
            Self::NoRole => HypotheticalCaller::with_roles(default_role(gate)),
            Self::Role(name) => HypotheticalCaller::with_roles([name]),
        }
    }

    /// The kind for a person. The parentheses tell the two that are no roles from roles of that name.
    pub fn label(&self) -> &str {
        match self {
            Self::Anonymous => "(anonymous)",
            Self::NoRole => "(no role)",
            Self::Role(name) => name,
        }
    }
}

/// The role of a token that says nothing about roles.
pub fn default_role(gate: &Gate) -> Option<&str> {
    gate.parts().issuers.first().and_then(|issuer| issuer.rules.default_role.as_deref())
}
