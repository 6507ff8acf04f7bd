//! What the gate finds out while it runs: keys that are fetched, callers that are asked about, and who fails too often.

mod bundle;
mod crowd;
mod identity;
mod keys;
mod refusals;
mod stage;

pub(crate) use crowd::{one_worker, two_workers};
pub(crate) use identity::asks;
pub(crate) use keys::fetched;
pub(crate) use refusals::clusters_refused;
