//! Portcullis in front of an HTTP origin: the world `proxy` of the WIT package `portcullis:auth`.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;
mod exchange;
mod origin;
mod pump;
mod upload;

use portcullis::Verdict;
use portcullis_component_http::Request;
use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::exchange::Failed;
use crate::upload::{BrokenOff, Upload};

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let mut request = Request::read(&incoming);
        let Some(origin) = origin::origin() else { return request.refuse_for_config(out) };
        // Nobody waits for a response where the caller's own body broke off.
        let Ok((verdict, upload)) = decide(&incoming, &mut request) else { return };
        let Some((allowed, out)) = request.settle(verdict, out) else { return };
        let Ok(upload) = upload.map_or_else(|| Upload::open(&incoming), Ok) else { return };
        let Ok(outgoing) = exchange::outgoing(&incoming, &request, &allowed.forward, origin) else {
            return request.refuse_as_failed("the host refuses the request for the origin", out);
        };
        allowed.log();
        match exchange::run(upload, &request, outgoing) {
            Ok(answered) => answered.stream(out, allowed.forward),
            Err(Failed::Caller) => {}
            Err(Failed::Origin(why)) => request.origin_unreachable(&why, out),
        }
    }
}

/// The verdict, and the request's body if that took some of it: it goes on with what was read.
fn decide(incoming: &IncomingRequest, request: &mut Request) -> Result<(Verdict, Option<Upload>), BrokenOff> {
    let mut upload = None;
    if request.may_hide_body() {
        let mut opened = Upload::open(incoming)?;
        if !opened.is_empty()? {
            request.announce_body();
        }
        upload = Some(opened);
    }
    match request.decide() {
        Ok(verdict) => Ok((verdict, upload)),
        Err(need) => {
            let mut upload = upload.map_or_else(|| Upload::open(incoming), Ok)?;
            let body = upload.read(need.limit().saturating_add(1))?;
            Ok((Request::decide_with(need, body), Some(upload)))
        }
    }
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
