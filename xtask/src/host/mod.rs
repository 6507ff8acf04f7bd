//! The real hosts that run the artefacts.

pub(crate) mod workerd;
