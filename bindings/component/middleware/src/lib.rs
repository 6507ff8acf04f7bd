//! Portcullis in front of a `wasi:http` service: the world `middleware` of the WIT package `portcullis:auth`.
//!
//! A request is handed on exactly as it came or not at all: WASI 0.2 lets a component neither make nor change an
//! `incoming-request`. A verdict that asks for a change is therefore a refusal here, whatever the change, and so is a
//! decision that takes the body, which nobody could read a second time.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

/// What `wit_bindgen` generates for the world.
mod bindings {
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
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "middleware",
        with: {
            "wasi:cli/environment@0.2.12": portcullis_component_http::bindings::wasi::cli::environment,
            "wasi:cli/stdout@0.2.12": portcullis_component_http::bindings::wasi::cli::stdout,
            "wasi:cli/stderr@0.2.12": portcullis_component_http::bindings::wasi::cli::stderr,
            "wasi:clocks/monotonic-clock@0.2.12": portcullis_component_http::bindings::wasi::clocks::monotonic_clock,
            "wasi:clocks/wall-clock@0.2.12": portcullis_component_http::bindings::wasi::clocks::wall_clock,
            "wasi:http/types@0.2.12": portcullis_component_http::bindings::wasi::http::types,
            "wasi:io/error@0.2.12": portcullis_component_http::bindings::wasi::io::error,
            "wasi:io/poll@0.2.12": portcullis_component_http::bindings::wasi::io::poll,
            "wasi:io/streams@0.2.12": portcullis_component_http::bindings::wasi::io::streams,
            "wasi:random/random@0.2.12": portcullis_component_http::bindings::wasi::random::random,
        },
        generate_all,
    });
}

use alloc::format;
use alloc::string::String;

use portcullis::Forward;
use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use portcullis_component_http::{Outcome, Request, respond};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::http::incoming_handler as service;

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(&incoming);
        let impossible = match request.decide(None) {
            Err(answer) => return respond(out, &answer),
            Ok(Outcome::NeedsBody(_)) => String::from("compare members of a body and hand it on"),
            Ok(Outcome::LetIn(forward, log_line)) => match change(&request, &forward) {
                // SECURITY: the service must never see what the verdict says it must not.
                Some(change) => change,
                None => {
                    Request::let_in(&log_line);
                    return service::handle(incoming, out);
                }
            },
        };
        let why = format!("cannot {impossible} in the world `middleware`; use `proxy`");
        respond(out, &request.failed(&why));
    }
}

/// The first change that the verdict asks for, if any. Names a header, never a value or the target.
fn change(request: &Request, forward: &Forward) -> Option<String> {
    if let Some(name) = forward.remove_headers.first() {
        return Some(format!("remove the header `{name}`"));
    }
    if let Some((name, _)) = forward.set_headers.first() {
        return Some(format!("set the header `{name}`"));
    }
    if let Some((name, _)) = forward.response_headers.first() {
        return Some(format!("set the header `{name}` of the response"));
    }
    (forward.target != request.target).then(|| String::from("rewrite the target"))
}

bindings::export!(Component with_types_in bindings);
