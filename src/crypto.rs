//! Checking and making signatures. Primitives come from RustCrypto; nothing here is written by hand.

mod hmac;

pub(crate) use hmac::HmacKey;

/// The signature does not match. Nothing more specific is safe or useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSignature;
