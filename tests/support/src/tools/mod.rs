//! The programs that tests and xtask need, found or prepared.

pub mod debian;
pub mod nightly;
pub mod node;
pub mod python;
pub mod rust;
pub mod stamp;
