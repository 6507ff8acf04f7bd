//! Checking and making signatures. Primitives come from RustCrypto and dalek; nothing here is written by hand, and there
//! is no private-key operation except HMAC.

#[cfg(feature = "ecdsa")]
mod ecdsa;
#[cfg(feature = "eddsa")]
mod eddsa;
mod hmac;
#[cfg(feature = "rsa")]
mod roca;
#[cfg(feature = "rsa")]
mod rsa;

#[cfg(feature = "ecdsa")]
pub(crate) use ecdsa::EcdsaKey;
#[cfg(feature = "eddsa")]
pub(crate) use eddsa::Ed25519Key;
pub(crate) use hmac::HmacKey;
#[cfg(feature = "rsa")]
pub(crate) use rsa::RsaKey;

/// The signature does not match. Nothing more specific is safe or useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSignature;
