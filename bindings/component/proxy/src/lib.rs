//! Portcullis in front of an HTTP origin: the world `proxy` of the WIT package `portcullis:auth`.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod exchange;
mod origin;
mod pump;

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
        world: "proxy",
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

use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use portcullis_component_http::{Request, respond};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::exchange::Failed;

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(&incoming);
        let Some(origin) = origin::origin() else { return respond(out, &request.refused_for_config()) };
        let (forward, log_line) = match request.decide() {
            Ok(verdict) => verdict,
            Err(answer) => return respond(out, &answer),
        };
        let Ok(outgoing) = exchange::outgoing(&incoming, &request, &forward, origin) else {
            return respond(out, &request.failed("the host refuses the request for the origin"));
        };
        Request::let_in(&log_line);
        match exchange::run(&incoming, &request, outgoing) {
            Ok(answered) => answered.stream(out),
            Err(Failed::Caller) => {}
            Err(Failed::Origin(why)) => respond(out, &request.origin_unreachable(&why)),
        }
    }
}

bindings::export!(Component with_types_in bindings);
