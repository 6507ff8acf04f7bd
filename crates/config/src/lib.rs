#![doc = include_str!("lib.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod api_keys;
mod bindings;
mod bundle;
#[cfg(feature = "schema")]
mod constraints;
mod context;
mod cors;
mod credentials;
mod dangers;
mod diagnostic;
mod diagnostics;
pub mod document;
mod errors;
#[cfg(feature = "schema")]
mod forms;
mod header_name;
mod hints;
mod identity;
mod issuer_callers;
mod issuers;
mod key_source;
mod limits;
mod lint;
mod load;
mod locate;
mod memory;
mod method;
mod names;
mod origin;
mod policy;
mod published;
mod reader;
mod record;
mod resolve;
mod revoked;
mod roles;
mod routes;
#[cfg(feature = "schema")]
mod schema;
mod secrets;
mod secrets_in_document;
mod session;
mod settings;
pub mod suggest;
mod syntax;
mod system;
mod template;
mod upstream;
mod verification_keys;
mod weak_secret;

pub use bundle::bundle_contents;
pub use diagnostic::{Diagnostic, DiagnosticList};
pub use errors::{ConfigError, ConfigErrors};
pub use lint::{Lint, Severity};
pub use load::{Configuration, Loaded, compile, load};
pub use locate::{Position, locate};
pub use names::{SystemName, TokenProfileName, systems};
pub use record::api_key_record;
#[cfg(feature = "schema")]
pub use schema::schema;
pub use secrets::{RecordStore, Secrets};
pub use settings::{SIGNATURES, host_verifies};
pub use system::{Audience, System, TokenClaims, TokenProfile};
