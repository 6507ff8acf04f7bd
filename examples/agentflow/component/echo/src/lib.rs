//! A `wasi:http` service that answers with the request line and the headers it received, and then with the body as it
//! comes. Any other service composes with Portcullis in the same way.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

/// What `wit_bindgen` generates for `wasi:http/proxy`.
mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        missing_debug_implementations,
        clippy::all,
        clippy::restriction,
        reason = "generated: the glue of the canonical ABI; wit/deps/http.wit is where it is documented"
    )]
    wit_bindgen::generate!({ path: "../../../../wit", world: "wasi:http/proxy@0.2.12", generate_all });
}

use alloc::format;
use alloc::string::String;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// The most that one call of the interface takes, in bytes.
const CHUNK_BYTES: usize = 4096;

/// The component.
#[derive(Debug)]
struct Echo;

impl Guest for Echo {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        // Dropped on any failure: the host then answers with an error of its own.
        let _ = answer(&request, out);
    }
}

fn answer(request: &IncomingRequest, out: ResponseOutparam) -> Option<()> {
    let mut head = format!("{:?} {}\n", request.method(), request.path_with_query().unwrap_or_default());
    for (name, value) in request.headers().entries() {
        head.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    head.push('\n');

    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().ok()?;
    ResponseOutparam::set(out, Ok(response));
    let source = request.consume().ok()?;
    let input = source.stream().ok()?;
    {
        let output = body.write().ok()?;
        for part in head.as_bytes().chunks(CHUNK_BYTES) {
            output.blocking_write_and_flush(part).ok()?;
        }
        while let Ok(bytes) = input.blocking_read(u64::try_from(CHUNK_BYTES).ok()?) {
            output.blocking_write_and_flush(&bytes).ok()?;
        }
    }
    OutgoingBody::finish(body, None).ok()
}

#[cfg(target_family = "wasm")]
#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[cfg(target_family = "wasm")]
#[panic_handler]
fn defect(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The functions that the host calls.
mod export {
    #![allow(unsafe_code, reason = "generated: the glue of the canonical ABI")]
    use super::{Echo, bindings};

    bindings::export!(Echo with_types_in bindings);
}
