//! The real hosts that run the artefacts.

pub(crate) mod component;
pub(crate) mod envoy;
pub(crate) mod node;
mod printed;
pub(crate) mod workerd;
