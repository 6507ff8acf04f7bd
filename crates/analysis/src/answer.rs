//! What is decided about a caller, in short.

use portcullis::{AuthError, Reason};
use serde::Serialize;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// `allow` or `deny`.
    pub decision: &'static str,
    /// Why it is denied.
    pub reason: Option<Reason>,
}

impl Answer {
    /// It is denied for `reason`.
    pub fn deny(reason: Reason) -> Self {
        Self { decision: "deny", reason: Some(reason) }
    }

    /// Whether it is allowed.
    pub fn is_allowed(self) -> bool {
        self.reason.is_none()
    }

    /// The reason, or `allow`.
    pub fn code(self) -> &'static str {
        self.reason.map_or(self.decision, Reason::code)
    }
}

impl From<Result<(), AuthError>> for Answer {
    fn from(result: Result<(), AuthError>) -> Self {
        match result {
            Ok(()) => Self { decision: "allow", reason: None },
            Err(error) => Self::deny(error.reason()),
        }
    }
}
