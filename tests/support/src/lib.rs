//! What the tests and `cargo xtask` share: running commands, starting hosts and origins, sending requests, and the cases
//! that every host has to decide alike.

pub mod artefact;
pub mod build;
pub mod cache;
pub mod cases;
pub mod client;
pub mod demo;
pub mod flows;
pub mod host;
pub mod identity_provider;
pub mod kv;
pub mod native;
pub mod oidc_provider;
pub mod origin;
pub mod patience;
pub mod program;
mod remedy;
pub mod root;
pub mod seeds;
pub mod step;
pub mod summary;
pub mod tools;
