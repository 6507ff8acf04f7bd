//! What the gate does with a request, step by step, and the shortest change by which it would be allowed.
//!
//! The gate decides, once, and is watched while it does: what is said comes from its verdict and from what it did. Nothing
//! is decided here.

mod asked;
mod binding;
mod decided;
mod explanation;
mod issuer;
mod presented;
mod recording;
mod remedy;
mod stage;
mod stages;
mod target;

pub use asked::Answer;
pub use explanation::Explanation;
pub use stage::Stage;
pub use target::without_credential;
