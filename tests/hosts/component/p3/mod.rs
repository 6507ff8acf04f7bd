//! The middleware for WASI 0.3, in one component with the example's relay, in front of an origin.

mod gate;
mod origin;
mod sharing;
mod streams;
mod trap;

pub(crate) use sharing::check as sharing;
pub(crate) use streams::{downloads, events, trailers, uploads};
pub(crate) use trap::check as trap;
