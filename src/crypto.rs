//! Checking and making signatures. Primitives come from RustCrypto and dalek; nothing here is written by hand, and there
//! is no private-key operation except HMAC.

#[cfg(feature = "ecdsa")]
mod ecdsa;
#[cfg(feature = "eddsa")]
mod eddsa;
mod error;
mod hmac;
#[cfg(feature = "rsa")]
mod roca;
#[cfg(feature = "rsa")]
mod rsa;

#[cfg(feature = "ecdsa")]
pub(crate) use ecdsa::EcdsaKey;
#[cfg(feature = "eddsa")]
pub(crate) use eddsa::Ed25519Key;
pub use error::{InvalidSignature, KeyError};
pub(crate) use hmac::HmacKey;
#[cfg(feature = "rsa")]
pub(crate) use rsa::RsaKey;
