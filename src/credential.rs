//! Finding the one credential of a request.
//!
//! Every accepted place is looked at, every time: a request with two credentials is refused, because the origin might
//! believe the other one. Duplicate header lines and one comma-joined line are the same thing, on every host.

mod cookie;
pub(crate) mod cross_site;
mod locations;
mod presented;
mod syntax;

pub(crate) use cookie::CookiesLeft;
pub use locations::{AUTHORIZATION, COOKIE, CredentialLocations, WEBSOCKET_PROTOCOL};
pub(crate) use presented::Credential;
pub use presented::CredentialLocation;
