//! What the tests of the hosts share. Each file of tests is a program of its own: `cargo test --test worker` runs one of
//! them, and a name after it only the tests that have it in theirs.

pub mod bound;
pub mod chromium;
mod commit;
pub mod fixture;
pub mod harness;
pub mod hosts;
mod runtime;
pub mod trap;

pub use commit::commit;
pub use runtime::runtime;
