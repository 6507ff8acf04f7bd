//! Clients for tests of a gate, which send what no ordinary client would.

mod http;
pub mod raw;
pub mod upload;
mod verbatim;
pub mod websocket;

pub use http::{Chunk, Request, Response, send};
