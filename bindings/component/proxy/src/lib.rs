//! Portcullis in front of an HTTP origin: the world `proxy` of the WIT package `portcullis:auth`.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod exchange;
mod pump;
mod upload;

use portcullis::Verdict;
use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};
use portcullis_component_http::{Request, origin};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::exchange::Failed;
use crate::upload::{BrokenOff, Upload};

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let mut request = Request::read(&incoming).telling_id();
        serve(&incoming, &mut request, out);
        request.refresh();
    }
}

/// Decides on the request and does what the verdict says, to the end of the response.
fn serve(incoming: &IncomingRequest, request: &mut Request, out: ResponseOutparam) {
    let Some(origin) = origin() else { return request.refuse_for_config(out) };
    let Ok(mut upload) = Upload::open(incoming) else {
        return request.refuse_as_failed("the host does not give the body", out);
    };
    let Ok(verdict) = decide(request, &mut upload) else { return request.body_broken_off(out) };
    let Some((allowed, out)) = request.settle(verdict, out) else { return upload.drain() };
    let Ok(outgoing) = exchange::outgoing(incoming, request, &allowed.forward, origin) else {
        return request.refuse_as_failed("the host refuses the request for the origin", out);
    };
    allowed.log();
    match exchange::run(upload, request, outgoing) {
        Ok(answered) => answered.stream(out, allowed.forward),
        Err(Failed::Caller) => request.body_broken_off(out),
        Err(Failed::Origin(why)) => request.origin_unreachable(&why, out),
    }
}

/// The verdict, which may take some of the request's body: it goes on with what was read.
///
/// # Errors
///
/// If the body breaks off before it is clear what is asked.
fn decide(request: &mut Request, upload: &mut Upload) -> Result<Verdict, BrokenOff> {
    if request.head.may_hide_body() && !upload.is_empty()? {
        request.head.announce_body();
    }
    Ok(request.decide().unwrap_or_else(|need| match upload.read(need.limit().saturating_add(1)) {
        Ok(body) => request.decide_with(need, Some(body)),
        Err(BrokenOff) => request.decide_with(need, None),
    }))
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
