//! A decision, and what it rests on.

use portcullis::{AuthError, Gate, UnixTime, Verdict};

use super::recording::Recording;

/// A decision, and what it rests on.
pub(crate) struct Decided<'d> {
    pub(crate) gate: &'d Gate,
    /// Path and query as they came.
    pub(crate) target: &'d str,
    pub(crate) now: UnixTime,
    pub(crate) verdict: &'d Verdict,
    pub(crate) recording: Recording<'d>,
}

impl<'d> Decided<'d> {
    /// Why the request is refused, if it is.
    pub(crate) fn error(&self) -> Option<&AuthError> {
        self.verdict.diagnostics.error.as_ref()
    }

    /// The names of the roles that the policy has.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &'d str> {
        self.gate.parts().policy.roles.names()
    }

    /// Whether the policy has the role `name`.
    pub(crate) fn knows_role(&self, name: &str) -> bool {
        self.gate.parts().policy.roles.get(name).is_some()
    }
}
