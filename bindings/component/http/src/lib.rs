//! What the components of the worlds `middleware` and `proxy` share: everything but what happens to a request that
//! is let in.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod answer;
mod environment;
mod request;
#[cfg(target_family = "wasm")]
mod runtime;

/// What `wit_bindgen` generates for the world `surroundings`.
pub mod bindings {
    #![allow(
        missing_docs,
        missing_debug_implementations,
        clippy::all,
        clippy::alloc_instead_of_core,
        clippy::allow_attributes_without_reason,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::std_instead_of_core,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
        reason = "generated; wit/ is where it is documented"
    )]
    wit_bindgen::generate!({ path: "../../../wit", world: "surroundings", generate_all });
}

pub use answer::{respond, start};
pub use environment::{complain, variable};
pub use request::{Outcome, Request};
