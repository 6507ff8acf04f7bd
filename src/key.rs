//! Verification keys. Each is fixed to exactly one algorithm when it is loaded, never by a token
//! ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).

mod host;
pub(crate) mod public;
mod self_test;
mod set;
mod verification;

pub use host::{HostSignatures, SignatureCheck, SignatureVerifier};
pub use public::{PemError, PublicKey};
pub use set::{KeySet, KeySetError};
pub(crate) use verification::Means;
pub use verification::VerificationKey;
