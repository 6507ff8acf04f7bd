//! The shared cases, `tests/cases/*.json`: reading them, making their requests, and judging what a host did.
//!
//! A case is a configuration, a request and what must become of it. Times in tokens are relative, because a real host
//! has a real clock.

pub mod case;
pub mod expect;
mod signer;
pub mod suite;
pub mod token;
