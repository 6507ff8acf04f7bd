//! What an Envoy is set up with.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What a listener is set up with.
#[derive(Debug, Clone)]
pub struct EnvoySettings {
    /// The plugin's configuration: JSON text.
    pub config: String,
    /// Environment variables of the VM.
    pub secrets: BTreeMap<String, String>,
    /// Where accepted requests go.
    pub origin: SocketAddr,
}
