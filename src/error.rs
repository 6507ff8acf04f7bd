//! What can be wrong with a request: one enum per operation, each mapped to its stable [`Reason`] in one place.

use alloc::string::String;
use core::fmt;

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

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the request carries no credential in an accepted place",
            Self::Ambiguous => "the request carries more than one credential",
            Self::Malformed => "the credential does not have the syntax its place asks for",
            Self::Unsupported => "this kind of credential is not accepted here",
        })
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the token is longer than the limit",
            Self::NotThreeSegments => "the token is not three non-empty segments",
            Self::NotBase64Url => "a segment of the token is not canonical base64url",
            Self::HeaderNotJson => "the token's header is not a JSON object with unique members",
            Self::HeaderMember => "a member of the token's header is absent, too long or not a string",
            Self::UnsupportedFormat => "the token is encrypted, compressed, detached or nested",
            Self::CriticalHeader => "the token's header has `crit`",
            Self::AlgorithmNotAllowed => "the token's `alg` is not the one a usable key is fixed to",
            Self::KeyUnknown => "no key goes by the token's `kid`",
            Self::KeyRetired => "the key for this token is past its `accepted_until`",
            Self::SignatureInvalid => "the signature does not match",
            Self::ClaimsNotJson => "the token's payload is not a JSON object with unique members",
        })
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch => f.write_str("the token's `typ` is not that of an access token"),
            Self::Expired { now, expires_at } => {
                write!(f, "expired at {}, it is now {}", expires_at.to_rfc3339(), now.to_rfc3339())
            }
            Self::NotYetValid { now, not_before } => {
                write!(f, "valid from {}, it is now {}", not_before.to_rfc3339(), now.to_rfc3339())
            }
            Self::IssuedInFuture { now, issued_at } => {
                write!(f, "issued at {}, it is now {}", issued_at.to_rfc3339(), now.to_rfc3339())
            }
            Self::TooOld { now, issued_at, max_age_secs } => {
                let (issued_at, now) = (issued_at.to_rfc3339(), now.to_rfc3339());
                write!(f, "issued at {issued_at}, it is now {now}, and at most {max_age_secs} s are accepted")
            }
            Self::IssuerUntrusted => f.write_str("`iss` is not a configured issuer"),
            Self::AudienceMismatch => f.write_str("`aud` does not name a configured audience"),
            Self::Missing(claim) => write!(f, "claim `{claim}` is missing"),
            Self::Invalid(claim) => write!(f, "claim `{claim}` has the wrong type or an impossible value"),
        }
    }
}

impl fmt::Display for ApiKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str(
                "the API key does not have the form `pc_<env>_<id>_<secret>_<crc>`, or its checksum is wrong",
            ),
            Self::Unknown => f.write_str("no record matches the API key"),
            Self::Expired { now, expires_at } => {
                write!(
                    f,
                    "the API key expired at {}, it is now {}",
                    expires_at.to_rfc3339(),
                    now.to_rfc3339()
                )
            }
            Self::Disabled => f.write_str("the API key is disabled"),
            Self::Unavailable => f.write_str("the API key's record could not be read"),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RouteUnknown => "no route of the policy has this method and path",
            Self::RouteRefused => "the policy refuses this route to everybody",
            Self::PermissionMissing => "no role of the principal has the permission",
            Self::PermissionDenied => "a role of the principal denies the permission",
            Self::ScopeMissing => "the principal's scopes do not include the permission",
            Self::BindingMismatch => {
                "a parameter of the request is not among the values the principal is bound to"
            }
        })
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "the request has too many headers",
            Self::HopByHop => {
                "`Connection` names a header that must reach the origin or is owned by the gate"
            }
        })
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJsonType => "the body is not announced as `application/json` in UTF-8",
            Self::Encoded => "the body has a `Content-Encoding`",
            Self::TooLarge => "the body is longer than a route with bindings on it takes",
            Self::NotJson => "the body is not a JSON text with unique members",
            Self::Unavailable => "the body could not be read to its end",
        })
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(error) => error.fmt(f),
            Self::Header(error) => error.fmt(f),
            Self::Credential(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Claims(error) => error.fmt(f),
            Self::ApiKey(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
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
