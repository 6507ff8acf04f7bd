//! A gate that learns, before a host that is a script: time, answers and failures in any order.

mod answered;
mod bundle;
mod bundle_any;
mod bundle_bounds;
mod bundle_refused;
mod discovery;
mod failures;
mod host;
mod identity;
mod memory;
mod revocations;
mod revoked;
mod rotation;
mod sources;
mod sources_any;
mod stampede;
