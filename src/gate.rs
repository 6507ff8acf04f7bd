//! The gate: from a request head to a verdict, without I/O, clock or randomness.
//!
//! `decide` is the order of the steps: start reading there.

mod ask_objects;
mod authorize;
mod cors;
mod decide;
mod driver;
mod identify;
mod live;
mod objects;
mod parts;
mod records;
mod refuse;
mod revoked;
mod routes;
mod shared;
mod shared_limit;
mod state;
mod step;
mod supply;

pub use cors::{Cors, Governance, Preflight};
pub use live::{LiveGate, Refresh};
pub use parts::{Gate, GateParts, Mode};
pub use step::{BodyNeed, CallNeed, Need, RecordNeed, RevocationNeed, Step, WaitNeed};
