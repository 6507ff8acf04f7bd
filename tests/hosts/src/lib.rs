//! What the tests of the hosts share. Each file of tests is a program of its own: `cargo test --package
//! portcullis-host-tests --test worker` runs one of them, and a name after it only the tests that have it in theirs.

pub mod bound;
pub mod fixture;
pub mod harness;
mod runtime;
pub mod trap;

pub use runtime::runtime;
