//! Portcullis in front of a `wasi:http` service: the world `middleware` of the WIT package `portcullis:auth`.
//!
//! A request is handed on exactly as it came or not at all: WASI 0.2 lets a component neither make nor change an
//! `incoming-request`. A verdict that asks for a change is therefore a refusal here, whatever the change, and so is a
//! decision that takes the body, which nobody could read a second time.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod bindings;

use alloc::format;
use alloc::string::String;

use portcullis::Forward;
use portcullis_component_http::Request;
use portcullis_component_http::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::http::incoming_handler as service;

/// The component.
#[derive(Debug)]
struct Component;

impl Guest for Component {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::read(&incoming);
        serve(incoming, &request, out);
        request.refresh();
    }
}

/// Decides on the request, and hands it on if that is the whole verdict.
fn serve(incoming: IncomingRequest, request: &Request, out: ResponseOutparam) {
    let Ok(verdict) = request.decide() else {
        return request.refuse_as_failed(&impossible("compare members of a body and hand it on"), out);
    };
    let Some((allowed, out)) = request.settle(verdict, out) else { return };
    // SECURITY: the service must never see what the verdict says it must not.
    if let Some(change) = change(request, &allowed.forward) {
        return request.refuse_as_failed(&impossible(&change), out);
    }
    allowed.log();
    service::handle(incoming, out);
}

fn impossible(what: &str) -> String {
    format!("cannot {what} in the world `middleware`; use `proxy`")
}

/// The first change that the verdict asks for, if any. Names a header, never a value or the target.
fn change(request: &Request, forward: &Forward) -> Option<String> {
    if let Some(name) = forward.remove_headers.first() {
        return Some(format!("remove the header `{name}`"));
    }
    if let Some((name, _)) = forward.set_headers.first() {
        return Some(format!("set the header `{name}`"));
    }
    if let Some(name) = forward.remove_response_headers.first() {
        return Some(format!("remove the header `{name}` of the response"));
    }
    let mut told = forward.response_headers.iter().chain(&forward.append_response_headers);
    if let Some((name, _)) = told.next() {
        return Some(format!("set the header `{name}` of the response"));
    }
    (forward.target != request.head.target).then(|| String::from("rewrite the target"))
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
