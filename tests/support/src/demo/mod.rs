//! The demo: the gate in workerd in front of an origin, and a script of requests with known outcomes.

pub mod run;
pub mod script;
pub mod stage;
