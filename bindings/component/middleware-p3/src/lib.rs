//! Portcullis in front of a WASI 0.3 service: the world `middleware` of the WIT package `portcullis:auth-p3`.
//!
//! An instance serves many requests at a time. What they share is [`instance::Instance`]; everything else belongs to the
//! one call of `handle` that a request is.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod call;
mod environment;
mod exchange;
mod fields;
mod incoming;
mod instance;
mod log;
mod response;
#[cfg(target_family = "wasm")]
mod runtime;
mod upload;

use crate::bindings::exports::wasi::http::handler::Guest;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response};

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        exchange::run(request).await
    }
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
