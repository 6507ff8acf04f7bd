//! The kinds of callers that a policy is asked about.

use portcullis::{AssumedCaller, AuthError, Gate, Reason};
use serde::Serialize;

use crate::output::printable;

/// A kind of caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "caller", content = "role", rename_all = "snake_case")]
pub(super) enum Who {
    /// Without a credential.
    Anonymous,
    /// With a token that says nothing about roles: it gets the default role.
    NoRole,
    /// With this role and no other.
    Role(String),
}

impl Who {
    /// All kinds that `roles` make, in the order they are shown.
    pub(super) fn all<'r>(roles: impl IntoIterator<Item = &'r str>) -> Vec<Self> {
        let roles = roles.into_iter().map(|role| Self::Role(role.to_owned()));
        [Self::Anonymous, Self::NoRole].into_iter().chain(roles).collect()
    }

    /// Such a caller, to ask `gate` about.
    pub(super) fn assume(&self, gate: &Gate) -> AssumedCaller {
        match self {
            Self::Anonymous => AssumedCaller::anonymous(),
            Self::NoRole => AssumedCaller::with_roles(gate.default_role()),
            Self::Role(name) => AssumedCaller::with_roles([name]),
        }
    }

    /// For a person. The parentheses tell the two that are no roles from roles of that name.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Anonymous => "(anonymous)".to_owned(),
            Self::NoRole => "(no role)".to_owned(),
            Self::Role(name) => printable(name),
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    pub(super) decision: &'static str,
    /// Why it is denied.
    pub(super) reason: Option<Reason>,
}

impl Answer {
    pub(super) fn allowed(self) -> bool {
        self.reason.is_none()
    }

    /// The reason, or `allow`.
    pub(super) fn code(self) -> &'static str {
        self.reason.map_or(self.decision, Reason::code)
    }
}

impl From<Result<(), AuthError>> for Answer {
    fn from(result: Result<(), AuthError>) -> Self {
        match result {
            Ok(()) => Self { decision: "allow", reason: None },
            Err(error) => Self { decision: "deny", reason: Some(error.reason()) },
        }
    }
}

/// `count` and the word for it.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
