//! What `wit_bindgen` generates for the world.

#![allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    clippy::all,
    clippy::restriction,
    reason = "generated: the glue of the canonical ABI; wit/ is where it is documented"
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
        "wasi:http/outgoing-handler@0.2.12": portcullis_component_http::bindings::wasi::http::outgoing_handler,
        "wasi:http/types@0.2.12": portcullis_component_http::bindings::wasi::http::types,
        "wasi:io/error@0.2.12": portcullis_component_http::bindings::wasi::io::error,
        "wasi:io/poll@0.2.12": portcullis_component_http::bindings::wasi::io::poll,
        "wasi:io/streams@0.2.12": portcullis_component_http::bindings::wasi::io::streams,
        "wasi:random/random@0.2.12": portcullis_component_http::bindings::wasi::random::random,
    },
    generate_all,
});
