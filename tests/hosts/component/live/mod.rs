//! The components that send calls, with a gate that learns: keys and a bundle that it fetches, callers that it asks about.

mod asks;
pub(crate) mod bundle;
mod keys;
pub(crate) mod stage;
mod unchanged;

pub(crate) use asks::{check as asks, introspection, who_am_i};
pub(crate) use keys::check as keys;
pub(crate) use stage::precompile;
pub(crate) use unchanged::check as unchanged;
