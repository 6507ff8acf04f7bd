//! What a change of the policy allows and what it denies.

mod change;
mod compare;
mod comparison;

pub use change::Change;
pub use compare::{DiffError, PolicyDiff, ReportModes};
