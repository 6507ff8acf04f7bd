//! The only way JSON enters the core.
//!
//! `serde_json` reads the grammar; this module adds what a security boundary needs on top of it:
//! an object that names a member twice is refused at every depth (the origin might read the other
//! one), and depth and node count are bounded.

mod by_name;
mod parse;
mod pointer;
mod value;

pub use by_name::{ByName, Iter};
pub use parse::{Budget, JsonError, parse};
pub use pointer::{Pointer, pointer_to, push_token};
pub use value::{Members, Number, Value};
