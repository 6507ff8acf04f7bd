#![doc = include_str!("lib.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod alg;
pub mod api_key;
mod ask;
mod authenticator;
pub mod base64url;
mod body;
mod brief;
mod bundle;
mod call;
mod challenge;
mod claims;
mod credential;
mod crypto;
mod dialect;
mod error;
mod gate;
mod handling;
pub mod json;
pub mod jwk;
mod jws;
mod key;
pub mod limits;
mod log_line;
mod memory;
pub mod parts;
mod path;
mod percent;
mod policy;
mod policy_version;
mod principal;
mod rate_limit;
mod reason;
mod request;
mod revocation;
mod secret;
mod session;
mod shared;
mod sources;
mod time;
pub mod token_kind;
pub mod trace;
mod unverified;
mod upstream;
mod validity;
mod verdict;

pub use call::{Call, CallTarget, Reply};
pub use credential::CredentialLocation;
pub use error::{
    ApiKeyError, AskError, AuthError, BodyError, ClaimsError, ClockError, CredentialError, HeaderError,
    PolicyError, TokenError, WaitError,
};
pub use gate::{
    BodyNeed, CallNeed, Gate, LiveGate, Need, RecordNeed, Refresh, RevocationNeed, Step, WaitNeed,
};
pub use handling::CredentialHandling;
pub use memory::MemoryCounters;
pub use path::{PathError, Target};
pub use policy::permission::Permission;
pub use policy_version::PolicyVersion;
pub use principal::{Principal, Proof};
pub use reason::Reason;
pub use request::{HeaderPair, RequestHead};
pub use revocation::{RevocationLookup, RevokedItem};
pub use secret::SecretBytes;
pub use shared::{SharedAnswer, SharedCounters};
pub use sources::{SourceFailure, SourceKind, SourceStatus};
pub use time::UnixTime;
pub use unverified::Unverified;
pub use verdict::{Decision, Diagnostics, Forward, Response, Verdict};

/// Signed tokens and the keys that verify them, apart from any gate: JWS
/// ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515)) and JWA ([RFC 7518](https://www.rfc-editor.org/rfc/rfc7518)).
pub mod jose {
    pub use crate::alg::Algorithm;
    pub use crate::claims::ClaimCheck;
    pub use crate::crypto::{InvalidSignature, KeyError};
    pub use crate::jws::{JoseHeader, UnverifiedToken, VerifiedToken};
    pub use crate::key::{
        HostSignatures, KeySet, KeySetError, PemError, PublicKey, SignatureCheck, SignatureVerifier,
        VerificationKey,
    };
}
