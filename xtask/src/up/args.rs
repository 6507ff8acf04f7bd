//! What the command is asked to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to start.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// The host that runs the gate.
    #[arg(value_enum)]
    pub(super) host: HostKind,
    /// Configuration document. The secrets that it names are taken from the environment.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Where accepted requests go, on this machine or in a private network: `http://127.0.0.1:8000`.
    #[arg(long, value_name = "URL")]
    pub(super) origin: String,
    /// Where to listen.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8787")]
    pub(super) listen: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HostKind {
    /// The Worker in workerd.
    Worker,
    /// The filter in Envoy.
    Envoy,
    /// The component `proxy` in wasmtime.
    Component,
}
