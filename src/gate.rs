//! The gate: from a request head to a verdict, without I/O, clock or randomness.
//!
//! `decide` is the order of the steps: start reading there.

mod cors;
mod decide;
mod driver;
mod parts;
mod refuse;
mod routes;
mod step;

pub use cors::{Cors, Governance, Preflight};
pub use parts::{Gate, GateParts, Mode};
pub use step::{BodyNeed, Need, RecordNeed, Step};
