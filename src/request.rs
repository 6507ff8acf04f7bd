//! The request: as the host read it off the wire, and as it is decided about.

mod client;
mod connection;
mod head;
mod headers;
mod origin;
mod parsed;

pub(crate) use client::Client;
pub use connection::HOP_BY_HOP;
pub use head::{HeaderPair, RequestHead};
pub use headers::{Header, Headers, fold};
pub use origin::Origin;
pub(crate) use parsed::Fields;
pub use parsed::{Request, Upgrade};
