//! What `docs/decisions.md` says, written down as naively as possible.
//!
//! A second opinion on the core: it shares no code with it, has no idea of speed, and knows no hosts. The tests of this
//! crate ask both about the same requests. `REFERENCE=full` plays everything, as `cargo xtask reference` does; without
//! it, a share is played that takes seconds.

pub mod bindings;
pub mod body;
pub mod credentials;
pub mod json;
pub mod model;
pub mod parameter;
pub mod path;
pub mod request;
pub mod roles;
pub mod routes;
pub mod scopes;
pub mod small;

/// Whether everything is to be played.
fn is_full() -> bool {
    std::env::var("REFERENCE").is_ok_and(|value| value == "full")
}

/// One case in how many is played, where all are enumerated.
pub fn share() -> usize {
    if is_full() { 1 } else { 97 }
}

/// The length of the longest paths that are enumerated, in symbols.
pub fn longest_path() -> u32 {
    if is_full() { 6 } else { 4 }
}

/// How many random cases are played.
pub fn random_cases() -> usize {
    if is_full() { 1_000_000 } else { 20_000 }
}
