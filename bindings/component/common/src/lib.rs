//! What the `wasi:http` components share, whichever version of WASI they are for: values in, values out, and nothing of
//! an interface.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod call;
mod head;
mod notices;
mod policy;
mod variables;

pub use call::{Address, Answer};
pub use head::{Head, Outcome};
pub use notices::Notices;
pub use policy::Policy;
pub use variables::Variables;
