//! What the `wasi:http` components share, whichever version of WASI they are for: values in, values out, and nothing of
//! an interface.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod head;
mod variables;

pub use head::{Head, Outcome};
pub use variables::Variables;
