#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod alg;
pub mod api_key;
mod authenticator;
pub mod base64url;
mod body;
mod challenge;
mod claims;
mod config;
mod credential;
mod crypto;
mod dialect;
mod error;
mod gate;
pub mod json;
pub mod jwk;
mod jws;
mod key;
pub mod limits;
mod path;
mod policy;
mod principal;
mod profile;
mod reason;
mod request;
mod secret;
mod suggest;
mod survey;
mod time;
pub mod token_kind;
mod upstream;
mod verdict;

pub use alg::Algorithm;
pub use claims::ClaimCheck;
#[cfg(feature = "schema")]
pub use config::schema as config_schema;
pub use config::{ConfigError, ConfigErrors, ConfigNotice, Lint, Severity};
pub use credential::Place;
pub use crypto::InvalidSignature;
pub use error::{
    ApiKeyError, AuthError, BodyError, ClaimsError, CredentialError, HeaderError, PolicyError, TokenError,
};
pub use gate::{Gate, Need, Step, Supply};
pub use jws::{JoseHeader, UnverifiedToken, VerifiedToken};
pub use key::{KeyError, KeySet, PemError, PublicKey, VerificationKey};
pub use path::{PathError, Target};
pub use policy::{
    AssumedCaller, ComparedBinding, Permission, PermissionPattern, RoleStance, RouteAccess, SurveyedRoute,
    route_shape,
};
pub use principal::{Principal, Proof};
pub use reason::Reason;
pub use request::{HeaderPair, RequestHead};
pub use secret::{SecretBytes, Secrets};
pub use survey::{SurveyedCredential, SurveyedHead, SurveyedIssuer, SurveyedKey, SurveyedToken};
pub use time::UnixTime;
pub use upstream::CredentialFate;
pub use verdict::{Answer, Decision, Forward, Record, Verdict};
