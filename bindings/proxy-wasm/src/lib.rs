//! Portcullis as a filter for Envoy and other proxy-wasm hosts.
//!
//! The plugin's `configuration` is the configuration document: a `StringValue` with JSON text, or a `Struct` written in
//! place as YAML. Secrets are environment variables of the VM. A configuration that does not load is refused when the
//! plugin starts, and a request that cannot be decided is answered here.
//!
//! Calls of the gate's own (for keys, and to ask who a caller is) go to clusters of the host, while the request that needs
//! the answer is held back. Each worker has a gate of its own, and learns for itself.
//!
//! What cannot be answered here is a trap: a defect, or an answer of the host that its ABI does not allow. The host
//! must then fail the request, as Envoy does with `failure_policy: FAIL_RELOAD` or `FAIL_CLOSED`; never set
//! `FAIL_OPEN`.

mod client;
mod clusters;
mod desk;
mod document;
mod environment;
mod filter;
mod filter_state;
mod host;
mod imports;
mod metrics;
mod pairs;
mod plugin;
mod request;
mod root;
mod signatures;
mod stream;

#[allow(missing_docs, reason = "the macro writes the entry point that the host calls, without a comment")]
mod start {
    use proxy_wasm::types::LogLevel;

    use crate::root::Root;

    proxy_wasm::main! {{
        // Also sends the message of a panic to the host's log.
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|id| Box::new(Root::new(id)));
    }}
}
