//! The real hosts that run the artefacts.

pub mod clock;
pub mod component;
pub mod envoy;
pub mod gate;
pub mod node;
pub mod node_server;
mod printed;
pub mod program;
pub mod python;
pub mod workerd;
