//! What must hold for any bytes, one module for each fuzz target.
//!
//! A target is a function that panics if a property does not hold. The oracles it asks share no code with the core:
//! another base64url, another HMAC, their own reading of the documents in `tests/cases/configurations.json`.

mod bound;
pub mod configuration;
mod entitlement;
mod input;
mod json;
pub mod jwk_set;
mod origin;
pub mod request_head;
mod setting;
mod signature;
pub mod token;
