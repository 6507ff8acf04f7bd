//! The command as its users run it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

mod api_key;
mod api_key_kv;
mod api_key_records;
mod bad_configurations;
mod bundle;
mod command;
mod common;
mod config;
mod docs;
mod documents;
mod explain;
mod explain_cases;
mod fetch;
mod hurdles;
mod jws;
mod key;
mod mint;
mod policy;
mod policy_bindings;
mod policy_diff;
mod policy_page;
mod revoke;
mod starters;
mod token;
