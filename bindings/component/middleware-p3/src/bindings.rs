//! What `wit_bindgen` generates for the world.

#![allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    clippy::all,
    clippy::restriction,
    reason = "generated: the glue of the canonical ABI; wit/ is where it is documented"
)]
wit_bindgen::generate!({ path: "../../../wit/p3", world: "middleware", generate_all });
