//! What a token says, which proves nothing, and what a gate with the defaults would refuse about it.
//!
//! Nothing here ever calls a token good: whoever reads the output must not take it for a check.

mod content;
mod diagnostics;
mod inspection;
mod kind;
mod members;
mod probe;
mod reading;
mod times;

pub use content::Content;
pub use inspection::TokenInspection;
pub use times::Instant;
