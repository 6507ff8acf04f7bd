//! A WASI 0.3 service that hands every request on to the origin in the variable `ORIGIN`, like `http://127.0.0.1:8000`,
//! and its response back. Any other service composes with Portcullis in the same way.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

/// What `wit_bindgen` generates for `wasi:http/service`, with the environment.
mod bindings {
    #![allow(
        unsafe_code,
        missing_docs,
        missing_debug_implementations,
        clippy::all,
        clippy::restriction,
        reason = "generated: the glue of the canonical ABI; wit/p3/deps/http.wit is where it is documented"
    )]
    wit_bindgen::generate!({
        inline: "
            package portcullis:example-relay;

            world relay {
                include wasi:http/service@0.3.0;
                import wasi:cli/environment@0.3.0;
            }
        ",
        path: "../../../../wit/p3",
        world: "portcullis:example-relay/relay",
        generate_all,
    });
}

use alloc::string::{String, ToString};

use bindings::exports::wasi::http::handler::Guest;
use bindings::wasi::cli::environment;
use bindings::wasi::http::client;
use bindings::wasi::http::types::{ErrorCode, Request, Response, Scheme};

/// The component.
#[derive(Debug)]
struct Relay;

impl Guest for Relay {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let (scheme, authority) = origin().ok_or(ErrorCode::DestinationNotFound)?;
        let refused = |()| ErrorCode::HttpRequestUriInvalid;
        request.set_scheme(Some(&scheme)).map_err(refused)?;
        request.set_authority(Some(&authority)).map_err(refused)?;
        client::send(request).await
    }
}

/// Where requests go.
fn origin() -> Option<(Scheme, String)> {
    let variables = environment::get_environment();
    let (_, origin) = variables.iter().find(|(name, _)| name == "ORIGIN")?;
    let (scheme, authority) = origin.split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    Some((scheme, authority.trim_end_matches('/').to_string()))
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
    use super::{Relay, bindings};

    bindings::export!(Relay with_types_in bindings);
}
