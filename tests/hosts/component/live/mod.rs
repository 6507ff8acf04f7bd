//! The components that send calls, with a gate that learns: keys and a bundle that it fetches, callers that it asks about.

mod asks;
mod bundle;
mod keys;
mod stage;
mod unchanged;

pub(crate) use asks::check as asks;
pub(crate) use keys::check as keys;
pub(crate) use stage::precompile;
pub(crate) use unchanged::check as unchanged;
