//! What can be wrong with a request: one enum per operation, each mapped to its stable [`Reason`] in one place.

mod proof;

use alloc::string::String;

use thiserror::Error;

use crate::limits::RETRY_SECS;
use crate::path::PathError;
use crate::reason::Reason;
use crate::time::UnixTime;

pub use proof::{ApiKeyError, ClaimsError, CredentialError, TokenError};

/// Why the policy refused an identified principal, or everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No route has this method and path.
    #[error("no route of the policy has this method and path")]
    RouteUnknown,
    /// The gate governs cross-origin requests, and this one is from an origin that is not listed.
    #[error("the request is from a script of an origin that is not allowed")]
    OriginNotAllowed,
    /// The route is refused to everybody.
    #[error("the policy refuses this route to everybody")]
    RouteRefused,
    /// No role grants the permission.
    #[error("no role of the principal has the permission")]
    PermissionMissing,
    /// A role denies the permission.
    #[error("a role of the principal denies the permission")]
    PermissionDenied,
    /// The scopes do not include the permission.
    #[error("the principal's scopes do not include the permission")]
    ScopeMissing,
    /// No key of the origin's own is for the principal.
    #[error("no key of the origin's own is for the principal")]
    OriginKeyMissing,
    /// A parameter of the request is not among the values the principal is bound to.
    #[error("a parameter of the request is not among the values the principal is bound to")]
    BindingMismatch,
}

/// Why the time of a decision cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the clock of the host shows {0}, by which nothing has ever expired; set it right")]
pub struct ClockError(pub UnixTime);

impl ClockError {
    /// Whether a clock can show `now`.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub(crate) fn check(now: UnixTime) -> Result<(), Self> {
        if now.is_plausible() { Ok(()) } else { Err(Self(now)) }
    }
}

/// Why the headers of a request were refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// More header pairs than [`crate::limits::HEADER_PAIRS`].
    #[error("the request has too many headers")]
    TooMany,
    /// `Connection` names a header that the decision or the forwarded identity rests on.
    #[error("`Connection` names a header that must reach the origin or is owned by the gate")]
    HopByHop,
    /// More than one `Origin`.
    #[error("the request has more than one `Origin`")]
    SeveralOrigins,
    /// A header that no caller may send, of this name.
    #[error("the request has the header `{0}`, which no caller may send")]
    Refused(String),
    /// An upgrade that is none to a WebSocket, on a host that has already begun to relay what follows it.
    #[error("the request asks for an upgrade that is not to a WebSocket")]
    Upgrade,
}

/// Why a body could not be compared with what its caller is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    /// `Content-Type` is not one `application/json` in UTF-8, so that origins may read something else than JSON.
    #[error("the body is not announced as `application/json` in UTF-8")]
    NotJsonType,
    /// `Content-Type` is not that of one form in UTF-8.
    #[error(
        "the body is not announced as `application/x-www-form-urlencoded` or `multipart/form-data` in UTF-8"
    )]
    NotFormType,
    /// `Content-Type` is neither that of JSON nor that of one form.
    #[error("the body is announced neither as `application/json` nor as a form, in UTF-8")]
    NotJsonOrFormType,
    /// There is a body, and no `Content-Type`.
    #[error("the body has no `Content-Type`")]
    Unannounced,
    /// `Content-Encoding` says that the bytes are not the text itself.
    #[error("the body has a `Content-Encoding`")]
    Encoded,
    /// Longer than its route takes: [`crate::limits::BODY_BYTES`], if it does not say otherwise.
    #[error("the body is longer than the {0} bytes that the route takes")]
    TooLarge(usize),
    /// Not one JSON text without duplicate members, within the limits of depth and size.
    #[error("the body is not a JSON text with unique members")]
    NotJson,
    /// Not a form that every server reads the same way.
    #[error("the body is not a form that every server reads the same way")]
    NotForm,
    /// The host could not read it to its end.
    #[error("the body could not be read to its end")]
    Unavailable,
}

/// Why nothing could be learned from an answer about a caller or an object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// There is none: refused, timed out, cut off, or the host cannot reach it.
    #[error("whoever knows the caller did not answer")]
    NoAnswer,
    /// Another status than those that mean yes or no.
    #[error("whoever knows the caller answered {0}, which means neither yes nor no")]
    Status(u16),
    /// Longer than [`crate::limits::REPLY_BYTES`].
    #[error("the answer about the caller is too long")]
    TooLong,
    /// Not a JSON object, or not announced as one.
    #[error("the answer about the caller is no JSON, or not announced as JSON")]
    NotJson,
    /// There is nothing at this place.
    #[error("the answer about the caller has nothing at `{0}`")]
    Missing(String),
    /// There is something unusable at this place.
    #[error("the answer about the caller has something unusable at `{0}`")]
    Unreadable(String),
    /// It is about somebody else than the token.
    #[error("the answer about the caller names another subject than the token")]
    OtherSubject,
}

/// Why a decision cannot be made now, and when it is worth trying again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WaitError {
    /// The keys of the issuer could not be had, or may be out of date.
    #[error("the keys of the issuer could not be fetched")]
    Keys {
        /// In how many seconds, at least 1.
        retry_secs: u64,
    },
    /// There is no bundle, or it has expired.
    #[error("the bundle could not be fetched, or has expired")]
    Bundle {
        /// In how many seconds, at least 1.
        retry_secs: u64,
    },
    /// Nobody could say who the caller is, or whether the object is its own.
    #[error(transparent)]
    Ask(AskError),
    /// The host's store of revocations could not be asked.
    #[error("the store of revocations could not be asked")]
    Revocations,
    /// What that store has under this name is no revocation.
    #[error("the revocation under `{0}` has no instant at `/before`, like \"2026-12-31T23:59:59Z\"")]
    RevocationUnusable(String),
    /// The client has failed, or asked, too often.
    #[error("too many requests of this kind came from the client's address")]
    RateLimited {
        /// In how many seconds, at least 1.
        retry_secs: u64,
    },
}

/// Any of the above.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthError {
    /// The request target.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The headers as a whole.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Finding the credential.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Parsing or verifying a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Validating claims.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// Checking an API key.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// Authorizing.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Reading the body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The time of the decision.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// Whoever was asked does not know the credential.
    #[error("whoever was asked about the credential says that it is good for nothing")]
    Rejected,
    /// What has to be found out cannot be now.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl AuthError {
    /// In how many seconds it is worth trying again, where that is known
    /// ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub(crate) fn retry_secs(&self) -> Option<u64> {
        match self {
            Self::Wait(
                WaitError::Keys { retry_secs }
                | WaitError::Bundle { retry_secs }
                | WaitError::RateLimited { retry_secs },
            ) => Some(*retry_secs),
            Self::Wait(WaitError::Ask(_) | WaitError::Revocations | WaitError::RevocationUnusable(_))
            | Self::ApiKey(ApiKeyError::Unavailable | ApiKeyError::Unusable(_)) => Some(RETRY_SECS),
            _ => None,
        }
    }

    /// The stable reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Path(_) => Reason::PathInvalid,
            Self::Header(_) => Reason::HeaderInvalid,
            Self::Credential(error) => match error {
                CredentialError::Missing => Reason::CredentialMissing,
                CredentialError::Ambiguous => Reason::CredentialAmbiguous,
                CredentialError::CrossSite => Reason::CrossSiteRequest,
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
                TokenError::KeyUnknown | TokenError::KeyIdNeeded | TokenError::KeyRetired => {
                    Reason::KeyUnknown
                }
                TokenError::SignatureInvalid => Reason::SignatureInvalid,
                TokenError::Revoked => Reason::TokenRevoked,
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
                ClaimsError::Invalid(_)
                | ClaimsError::TooLong(_)
                | ClaimsError::TooMany(_)
                | ClaimsError::Unprintable(_)
                | ClaimsError::Reserved(_) => Reason::ClaimInvalid,
            },
            Self::ApiKey(error) => match error {
                ApiKeyError::Malformed => Reason::ApiKeyMalformed,
                ApiKeyError::Unknown => Reason::ApiKeyUnknown,
                ApiKeyError::Expired { .. } => Reason::ApiKeyExpired,
                ApiKeyError::Disabled => Reason::ApiKeyDisabled,
                ApiKeyError::Unavailable | ApiKeyError::Unusable(_) => Reason::RecordsUnavailable,
            },
            Self::Policy(error) => match error {
                PolicyError::OriginNotAllowed => Reason::OriginNotAllowed,
                PolicyError::RouteUnknown => Reason::RouteUnknown,
                PolicyError::RouteRefused => Reason::RouteRefused,
                PolicyError::PermissionMissing => Reason::PermissionMissing,
                PolicyError::PermissionDenied => Reason::PermissionDenied,
                PolicyError::ScopeMissing => Reason::ScopeMissing,
                PolicyError::OriginKeyMissing => Reason::OriginKeyMissing,
                PolicyError::BindingMismatch => Reason::BindingMismatch,
            },
            Self::Clock(_) => Reason::Internal,
            Self::Rejected => Reason::CredentialRejected,
            Self::Wait(error) => match error {
                WaitError::Keys { .. } => Reason::KeysUnavailable,
                WaitError::Bundle { .. } => Reason::BundleUnavailable,
                WaitError::Ask(_) => Reason::AskUnavailable,
                WaitError::Revocations | WaitError::RevocationUnusable(_) => Reason::RevocationsUnavailable,
                WaitError::RateLimited { .. } => Reason::RateLimited,
            },
            Self::Body(error) => match error {
                BodyError::TooLarge(_) => Reason::BodyTooLarge,
                BodyError::NotJsonType
                | BodyError::NotFormType
                | BodyError::NotJsonOrFormType
                | BodyError::Unannounced
                | BodyError::Encoded
                | BodyError::NotJson
                | BodyError::NotForm
                | BodyError::Unavailable => Reason::BodyInvalid,
            },
        }
    }
}
