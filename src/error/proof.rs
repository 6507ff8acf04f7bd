//! What can be wrong with the proof that a caller presents: a credential, a token and its claims, an API key.

use alloc::string::String;

use thiserror::Error;

use crate::limits::{CLAIM_BYTES, CLAIM_LIST};
use crate::time::UnixTime;

/// Why no single credential could be taken from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// None of the accepted places holds one.
    #[error("the request carries no credential in an accepted place")]
    Missing,
    /// More than one was presented.
    #[error("the request carries more than one credential")]
    Ambiguous,
    /// A cookie, in a request that may be another site's.
    #[error("the credential is a cookie, and nothing shows that the request is not another site's")]
    CrossSite,
    /// A bearer token that does not have the syntax of RFC 6750 section 2.1, or an empty value.
    #[error("the credential does not have the syntax its place asks for")]
    Malformed,
    /// A scheme or kind that is not accepted here.
    #[error("this kind of credential is not accepted here")]
    Unsupported,
}

/// Why a token was refused before its claims were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Longer than the limit.
    #[error("the token is longer than the limit")]
    TooLarge,
    /// Not exactly three segments, or one of them is empty.
    #[error("the token is not three non-empty segments")]
    NotThreeSegments,
    /// A segment is not canonical base64url.
    #[error("a segment of the token is not canonical base64url")]
    NotBase64Url,
    /// The header is not a JSON object without duplicate members.
    #[error("the token's header is not a JSON object with unique members")]
    HeaderNotJson,
    /// A header member is absent, too long, or not a string.
    #[error("a member of the token's header is absent, too long or not a string")]
    HeaderMember,
    /// The header belongs to an encrypted, compressed, detached or nested token.
    #[error("the token is encrypted, compressed, detached or nested")]
    UnsupportedFormat,
    /// The header has `crit`.
    #[error("the token's header has `crit`")]
    CriticalHeader,
    /// The `alg` is not one a usable key is fixed to.
    #[error("the token's `alg` is not the one a usable key is fixed to")]
    AlgorithmNotAllowed,
    /// No key goes by the token's `kid`.
    #[error("no key goes by the token's `kid`")]
    KeyUnknown,
    /// Several public keys fit the token, and it names none of them.
    #[error("several keys fit the token, and it has no `kid` that names one of them")]
    KeyIdNeeded,
    /// The key is no longer accepted.
    #[error("the key for this token is past its `accepted_until`")]
    KeyRetired,
    /// The signature does not match.
    #[error("the signature does not match")]
    SignatureInvalid,
    /// The payload is not a JSON object without duplicate members.
    #[error("the token's payload is not a JSON object with unique members")]
    ClaimsNotJson,
    /// It was taken back.
    #[error("the token, its session, or everything issued to its subject by then was revoked")]
    Revoked,
}

/// Why verified claims were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClaimsError {
    /// `typ` names another kind of token.
    #[error("the token's `typ` is not that of an access token")]
    TypeMismatch,
    /// `exp` has passed.
    #[error("expired at {expires_at}, it is now {now}")]
    Expired {
        /// The time of the decision.
        now: UnixTime,
        /// The `exp` claim.
        expires_at: UnixTime,
    },
    /// `nbf` lies ahead.
    #[error("valid from {not_before}, it is now {now}")]
    NotYetValid {
        /// The time of the decision.
        now: UnixTime,
        /// The `nbf` claim.
        not_before: UnixTime,
    },
    /// `iat` lies ahead.
    #[error("issued at {issued_at}, it is now {now}")]
    IssuedInFuture {
        /// The time of the decision.
        now: UnixTime,
        /// The `iat` claim.
        issued_at: UnixTime,
    },
    /// `iat` lies too far back.
    #[error("issued at {issued_at}, it is now {now}, and at most {max_age_secs} s are accepted")]
    TooOld {
        /// The time of the decision.
        now: UnixTime,
        /// The `iat` claim.
        issued_at: UnixTime,
        /// The greatest age accepted, in seconds.
        max_age_secs: u64,
    },
    /// `iss` is not a configured issuer.
    #[error("`iss` is not a configured issuer")]
    IssuerUntrusted,
    /// `aud` does not name this deployment, or names somebody while no audience is configured.
    #[error("`aud` does not name a configured audience")]
    AudienceMismatch,
    /// The claim is required and absent; carries its name or JSON pointer as configured.
    #[error("claim `{0}` is missing")]
    Missing(String),
    /// The claim has the wrong type or an impossible value; carries its name or JSON pointer as configured.
    #[error("claim `{0}` has the wrong type or an impossible value")]
    Invalid(String),
    /// A text of the claim is longer than [`CLAIM_BYTES`].
    #[error("claim `{0}` has a text of more than {CLAIM_BYTES} bytes")]
    TooLong(String),
    /// The list in the claim has more elements than [`CLAIM_LIST`].
    #[error("claim `{0}` has more than {CLAIM_LIST} elements")]
    TooMany(String),
    /// A text of the claim that should name something is empty, or has control characters.
    #[error("claim `{0}` has a text that is empty or has control characters")]
    Unprintable(String),
    /// The subject is one that tokens of this issuer must not name.
    #[error("claim `{0}` names a subject that is reserved for others")]
    Reserved(String),
}

/// Why an API key was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiKeyError {
    /// The prefix is ours, the rest or the checksum is not.
    #[error("the API key does not have the form `pc_<env>_<id>_<secret>_<crc>`, or its checksum is wrong")]
    Malformed,
    /// No record matches.
    #[error("no record matches the API key")]
    Unknown,
    /// The record has expired.
    #[error("the API key expired at {expires_at}, it is now {now}")]
    Expired {
        /// The time of the decision.
        now: UnixTime,
        /// The record's end.
        expires_at: UnixTime,
    },
    /// The record is switched off.
    #[error("the API key is disabled")]
    Disabled,
    /// The host could not get the record.
    #[error("the API key's record could not be read")]
    Unavailable,
    /// The host got something else than a record; carries what is wrong with it.
    #[error("the API key's record cannot be used: {0}")]
    Unusable(String),
}
