//! Portcullis as a filter for Envoy and other proxy-wasm hosts.
//!
//! The plugin's `configuration` is the configuration document: a `StringValue` with JSON text, or a `Struct` written in
//! place as YAML. Secrets are environment variables of the VM. A configuration that does not load is refused when the
//! plugin starts, and a request that cannot be decided is answered here.
//!
//! What cannot be answered here is a trap: a defect, or an answer of the host that its ABI does not allow. The host
//! must then fail the request, as Envoy does with `failure_policy: FAIL_RELOAD` or `FAIL_CLOSED`; never set
//! `FAIL_OPEN`.

mod document;
mod environment;
mod filter;
mod host;
mod metrics;
mod plugin;
mod request;
mod root;

#[allow(missing_docs, reason = "the macro writes the entry point that the host calls, without a comment")]
mod start {
    use proxy_wasm::types::LogLevel;

    use crate::root::Root;

    proxy_wasm::main! {{
        // Also sends the message of a panic to the host's log.
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|_| Box::new(Root::default()));
    }}
}
