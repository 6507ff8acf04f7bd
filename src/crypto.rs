//! Checking and making signatures. All arithmetic comes from RustCrypto and dalek, and there is no private-key operation
//! except HMAC. In which order it is done is written here where that halves the time: `comb`, and the exponent of
//! `rsa::pkcs1`.

mod arithmetic;
#[cfg(any(feature = "ecdsa", feature = "eddsa"))]
mod comb;
#[cfg(any(feature = "ecdsa", feature = "eddsa"))]
mod earned;
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

pub(crate) use arithmetic::Arithmetic;
#[cfg(feature = "ecdsa")]
pub(crate) use ecdsa::EcdsaKey;
#[cfg(feature = "eddsa")]
pub(crate) use eddsa::Ed25519Key;
pub use error::{InvalidSignature, KeyError};
pub(crate) use hmac::HmacKey;
#[cfg(feature = "rsa")]
pub(crate) use rsa::RsaKey;
