//! A policy against decisions written down as data.

mod document;
mod error;
mod members;
mod report;

pub use document::{Case, CaseBody, CaseCaller, Expectations, KnownBy};
pub use error::ExpectationsError;
pub use report::{Difference, TestReport, UnknownRole};
