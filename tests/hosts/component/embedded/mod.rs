//! The pure gate in a program that sends its calls: keys and a bundle that it fetches, callers and objects that it asks about.

mod asks;
mod embedder;
mod handles;
mod keys;

pub(crate) use asks::{callers, objects};
pub(crate) use handles::check as handles;
pub(crate) use keys::{bundle, keys, refused, sources};
