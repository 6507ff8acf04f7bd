//! The programs that xtask alone needs.

pub(crate) mod fuzz;
