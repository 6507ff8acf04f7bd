//! Portcullis in front of an HTTP origin: the world `proxy` of the WIT package `portcullis:auth`.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod exchange;
mod origin;
mod pump;
mod upload;

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

use alloc::string::String;

use portcullis::{Answer, Forward};
use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use portcullis_component_http::{Outcome, Request, respond};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::exchange::Failed;
use crate::upload::{BrokenOff, Upload};

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(&incoming);
        let Some(origin) = origin::origin() else { return respond(out, &request.refused_for_config()) };
        let (forward, log_line, upload) = match decide(&incoming, &request) {
            Ok(let_in) => let_in,
            Err(Stopped::Refused(answer)) => return respond(out, &answer),
            Err(Stopped::BrokenOff) => return,
        };
        let Ok(outgoing) = exchange::outgoing(&incoming, &request, &forward, origin) else {
            return respond(out, &request.failed("the host refuses the request for the origin"));
        };
        Request::let_in(&log_line);
        match exchange::run(upload, &request, outgoing) {
            Ok(answered) => answered.stream(out, forward.response_headers),
            Err(Failed::Caller) => {}
            Err(Failed::Origin(why)) => respond(out, &request.origin_unreachable(&why)),
        }
    }
}

/// Why a request does not go on.
#[derive(Debug)]
enum Stopped {
    /// It is refused.
    Refused(Answer),
    /// The caller's own body broke off: nobody waits for an answer.
    BrokenOff,
}

/// Decides, with the body if that is needed; it goes on with what was read of it.
fn decide(incoming: &IncomingRequest, request: &Request) -> Result<(Forward, String, Upload), Stopped> {
    let open = || Upload::open(incoming).map_err(|BrokenOff| Stopped::BrokenOff);
    match request.decide(None).map_err(Stopped::Refused)? {
        Outcome::LetIn(forward, log_line) => Ok((forward, log_line, open()?)),
        Outcome::NeedsBody(limit) => {
            let mut upload = open()?;
            let body = upload.read(limit.saturating_add(1)).map_err(|BrokenOff| Stopped::BrokenOff)?;
            match request.decide(Some(body)).map_err(Stopped::Refused)? {
                Outcome::LetIn(forward, log_line) => Ok((forward, log_line, upload)),
                Outcome::NeedsBody(_) => Err(Stopped::Refused(request.failed("a body is needed twice"))),
            }
        }
    }
}

bindings::export!(Component with_types_in bindings);
