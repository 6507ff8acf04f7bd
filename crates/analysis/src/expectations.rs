//! A policy against decisions written down as data.

mod document;
mod error;
mod members;
mod report;

pub use document::{Case, CaseCaller, Expectations, KnownBy};
pub use error::ExpectationsError;
pub use report::{Difference, TestReport, UnknownRole};
