//! The real hosts that run the artefacts.

pub(crate) mod component;
pub(crate) mod envoy;
pub(crate) mod gate;
pub(crate) mod node;
pub(crate) mod player;
mod printed;
pub(crate) mod python;
pub(crate) mod workerd;
