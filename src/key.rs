//! Verification keys. Each is fixed to exactly one algorithm when it is loaded, never by a token
//! ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).

pub(crate) mod public;
mod set;
mod verification;

pub use public::{PemError, PublicKey};
pub use set::{KeySet, KeySetError};
pub use verification::VerificationKey;
