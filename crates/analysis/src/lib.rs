#![doc = include_str!("lib.md")]
#![forbid(unsafe_code)]

pub mod access;
pub mod answer;
pub mod api_keys;
pub mod bundle;
pub mod caller;
pub mod coverage;
mod cracked;
pub mod diff;
pub mod duration;
pub mod effect;
pub mod expectations;
pub mod explain;
mod lint;
pub mod matrix;
pub mod nearest;
mod overlap;
pub mod principal;
mod render;
pub mod request;
pub mod route;
pub mod shapes;
pub mod sources;
pub mod token;
pub mod who_can;

pub use cracked::cracked;
pub use lint::lints;
