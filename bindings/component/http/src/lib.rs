//! What the components of the WASI 0.2 worlds `middleware` and `proxy` share: everything but what happens to a request that
//! is allowed.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

pub mod bindings;
mod call;
mod environment;
mod instance;
mod origin;
mod request;
mod response;
#[cfg(target_family = "wasm")]
mod runtime;

pub use environment::complain;
pub use origin::{Origin, origin};
pub use request::{Allowed, Request};
pub use response::start;
