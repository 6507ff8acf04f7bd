//! How `cargo xtask` reads the case files and makes their tokens.

#![allow(
    dead_code,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test uses its own part of a developer's tool, which is held to other lints"
)]

#[path = "../../../../xtask/src/cases/signer.rs"]
mod signer;
#[path = "../../../../xtask/src/cases/suite.rs"]
pub(crate) mod suite;
#[path = "../../../../xtask/src/cases/token.rs"]
mod token;
