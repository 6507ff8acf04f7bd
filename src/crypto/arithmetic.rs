//! By whose arithmetic signatures are verified.

/// By whose arithmetic signatures are verified. The answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// Our own where it is faster: tables that keys earn by being used, and multiplication where a processor is short of it.
    Own,
    /// That of the libraries alone.
    Libraries,
}
