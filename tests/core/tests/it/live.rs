//! A gate that learns, before a host that is a script: time, answers and failures in any order.

mod answered;
mod asks_any;
mod bundle;
mod bundle_any;
mod bundle_bounds;
mod bundle_refused;
mod discovery;
mod failed;
mod failures;
mod host;
mod identity;
mod lookups;
mod lookups_any;
mod memory;
mod ragflow;
mod ragflow_0_24;
mod ragflow_refusals;
mod revocations;
mod revoked;
mod rotation;
mod shared;
mod shared_any;
mod sources;
mod sources_any;
mod stampede;
