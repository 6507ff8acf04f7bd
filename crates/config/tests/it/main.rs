//! Documents, from outside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

mod carried_claims;
mod credentials;
mod dangers;
mod header_names;
mod host;
mod origins;
mod record_store;
mod records;
#[cfg(feature = "schema")]
mod schema;
mod shared;
mod unsent_bindings;
mod weak_secrets;
mod written_bindings;
