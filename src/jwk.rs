//! JSON Web Keys: [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517), with the parameters of
//! [RFC 7518 section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6) and
//! [RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2).
//!
//! A key is either usable, passed over in a set (`use: enc`, a type of another purpose, malformed or weak:
//! [`JwkError::is_ignorable`]), or makes the set wrong. Nothing is guessed: a parameter that must be there and is not, or is there and must not, makes a key wrong.

mod key;
mod set;
mod thumbprint;

pub use key::{Jwk, JwkError};
pub use set::{JwkSet, JwkSetError, Source, UnusedKey};
