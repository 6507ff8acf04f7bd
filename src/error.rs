//! What can be wrong with a request: one enum per operation, each mapped to its stable [`Reason`] in one place.

mod words;

use alloc::string::String;

use crate::path::PathError;
use crate::reason::Reason;
use crate::time::UnixTime;

/// Why no single credential could be taken from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// None of the accepted places holds one.
    Missing,
    /// More than one was presented.
    Ambiguous,
    /// A bearer token that does not have the syntax of RFC 6750 section 2.1, or an empty value.
    Malformed,
    /// A scheme or kind that is not accepted here.
    Unsupported,
}

/// Why a token was refused before its claims were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than the limit.
    TooLarge,
    /// Not exactly three segments, or one of them is empty.
    NotThreeSegments,
    /// A segment is not canonical base64url.
    NotBase64Url,
    /// The header is not a JSON object without duplicate members.
    HeaderNotJson,
    /// A header member is absent, too long, or not a string.
    HeaderMember,
    /// The header belongs to an encrypted, compressed, detached or nested token.
    UnsupportedFormat,
    /// The header has `crit`.
    CriticalHeader,
    /// The `alg` is not one a usable key is fixed to.
    AlgorithmNotAllowed,
    /// No key goes by the token's `kid`.
    KeyUnknown,
    /// The key is no longer accepted.
    KeyRetired,
    /// The signature does not match.
    SignatureInvalid,
    /// The payload is not a JSON object without duplicate members.
    ClaimsNotJson,
}

/// Why verified claims were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsError {
    /// `typ` names another kind of token.
    TypeMismatch,
    /// `exp` has passed.
    Expired {
        /// The time of the decision.
        now: UnixTime,
        /// The `exp` claim.
        expires_at: UnixTime,
    },
    /// `nbf` lies ahead.
    NotYetValid {
        /// The time of the decision.
        now: UnixTime,
        /// The `nbf` claim.
        not_before: UnixTime,
    },
    /// `iat` lies ahead.
    IssuedInFuture {
        /// The time of the decision.
        now: UnixTime,
        /// The `iat` claim.
        issued_at: UnixTime,
    },
    /// `iat` lies too far back.
    TooOld {
        /// The time of the decision.
        now: UnixTime,
        /// The `iat` claim.
        issued_at: UnixTime,
        /// The greatest age accepted, in seconds.
        max_age_secs: u64,
    },
    /// `iss` is not a configured issuer.
    IssuerUntrusted,
    /// `aud` does not name this deployment, or names somebody while no audience is configured.
    AudienceMismatch,
    /// The claim is required and absent; carries its name or JSON pointer as configured.
    Missing(String),
    /// The claim has the wrong type or an impossible value; carries its name or JSON pointer as configured.
    Invalid(String),
}

/// Why an API key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The prefix is ours, the rest or the checksum is not.
    Malformed,
    /// No record matches.
    Unknown,
    /// The record has expired.
    Expired {
        /// The time of the decision.
        now: UnixTime,
        /// The record's end.
        expires_at: UnixTime,
    },
    /// The record is switched off.
    Disabled,
    /// The host could not get the record.
    Unavailable,
}

/// Why the policy refused an identified principal, or everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// No route has this method and path.
    RouteUnknown,
    /// The route is refused to everybody.
    RouteRefused,
    /// No role grants the permission.
    PermissionMissing,
    /// A role denies the permission.
    PermissionDenied,
    /// The scopes do not include the permission.
    ScopeMissing,
    /// A parameter of the request is not among the values the principal is bound to.
    BindingMismatch,
}

/// Why the headers of a request were refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// More header pairs than [`crate::limits::HEADER_PAIRS`].
    TooMany,
    /// `Connection` names a header that the decision or the forwarded identity rests on.
    HopByHop,
}

/// Why a body could not be compared with what its caller is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// `Content-Type` is not one `application/json` in UTF-8, so that origins may read something else than JSON.
    NotJsonType,
    /// `Content-Encoding` says that the octets are not the JSON text itself.
    Encoded,
    /// Longer than [`crate::limits::BODY_BYTES`].
    TooLarge,
    /// Not one JSON text without duplicate members, within the limits of depth and size.
    NotJson,
    /// The host could not read it to its end.
    Unavailable,
}

/// Any of the above.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthError {
    /// The request target.
    Path(PathError),
    /// The headers as a whole.
    Header(HeaderError),
    /// Finding the credential.
    Credential(CredentialError),
    /// Parsing or verifying a token.
    Token(TokenError),
    /// Validating claims.
    Claims(ClaimsError),
    /// Checking an API key.
    ApiKey(ApiKeyError),
    /// Authorizing.
    Policy(PolicyError),
    /// Reading the body.
    Body(BodyError),
}

impl AuthError {
    /// The stable reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Path(_) => Reason::PathInvalid,
            Self::Header(_) => Reason::HeaderInvalid,
            Self::Credential(error) => match error {
                CredentialError::Missing => Reason::CredentialMissing,
                CredentialError::Ambiguous => Reason::CredentialAmbiguous,
                CredentialError::Malformed => Reason::CredentialMalformed,
                CredentialError::Unsupported => Reason::CredentialUnsupported,
            },
            Self::Token(error) => match error {
                TokenError::TooLarge => Reason::TokenTooLarge,
                TokenError::NotThreeSegments
                | TokenError::NotBase64Url
                | TokenError::HeaderNotJson
                | TokenError::HeaderMember
                | TokenError::UnsupportedFormat
                | TokenError::ClaimsNotJson => Reason::TokenMalformed,
                TokenError::CriticalHeader => Reason::CriticalHeader,
                TokenError::AlgorithmNotAllowed => Reason::AlgorithmNotAllowed,
                TokenError::KeyUnknown | TokenError::KeyRetired => Reason::KeyUnknown,
                TokenError::SignatureInvalid => Reason::SignatureInvalid,
            },
            Self::Claims(error) => match error {
                ClaimsError::TypeMismatch => Reason::TokenTypeMismatch,
                ClaimsError::Expired { .. } => Reason::TokenExpired,
                ClaimsError::NotYetValid { .. } => Reason::TokenNotYetValid,
                ClaimsError::IssuedInFuture { .. } => Reason::TokenIssuedInFuture,
                ClaimsError::TooOld { .. } => Reason::TokenTooOld,
                ClaimsError::IssuerUntrusted => Reason::IssuerUntrusted,
                ClaimsError::AudienceMismatch => Reason::AudienceMismatch,
                ClaimsError::Missing(_) => Reason::ClaimMissing,
                ClaimsError::Invalid(_) => Reason::ClaimInvalid,
            },
            Self::ApiKey(error) => match error {
                ApiKeyError::Malformed => Reason::ApiKeyMalformed,
                ApiKeyError::Unknown => Reason::ApiKeyUnknown,
                ApiKeyError::Expired { .. } => Reason::ApiKeyExpired,
                ApiKeyError::Disabled => Reason::ApiKeyDisabled,
                ApiKeyError::Unavailable => Reason::RecordsUnavailable,
            },
            Self::Policy(error) => match error {
                PolicyError::RouteUnknown => Reason::RouteUnknown,
                PolicyError::RouteRefused => Reason::RouteRefused,
                PolicyError::PermissionMissing => Reason::PermissionMissing,
                PolicyError::PermissionDenied => Reason::PermissionDenied,
                PolicyError::ScopeMissing => Reason::ScopeMissing,
                PolicyError::BindingMismatch => Reason::BindingMismatch,
            },
            Self::Body(error) => match error {
                BodyError::TooLarge => Reason::BodyTooLarge,
                BodyError::NotJsonType | BodyError::Encoded | BodyError::NotJson | BodyError::Unavailable => {
                    Reason::BodyInvalid
                }
            },
        }
    }
}

macro_rules! umbrella {
    ($($variant:ident($error:ty),)*) => {$(
        impl From<$error> for AuthError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

umbrella! {
    Path(PathError),
    Header(HeaderError),
    Credential(CredentialError),
    Token(TokenError),
    Claims(ClaimsError),
    ApiKey(ApiKeyError),
    Policy(PolicyError),
    Body(BodyError),
}

macro_rules! error_trait {
    ($($error:ty),*) => {$(impl core::error::Error for $error {})*};
}

error_trait!(
    AuthError,
    CredentialError,
    TokenError,
    ClaimsError,
    ApiKeyError,
    PolicyError,
    HeaderError,
    BodyError
);
