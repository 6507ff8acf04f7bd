//! From a reason to what the caller is told: status, challenge
//! ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)) and body.
//!
//! Many reasons, few answers: nothing here tells which check a credential failed, except that a token with a valid
//! signature has expired, which its holder can read in it and should act upon.

use alloc::format;
use alloc::string::{String, ToString};

use crate::dialect::{Dialect, Telling};
use crate::policy::Permission;
use crate::reason::Reason;
use crate::time::UnixTime;
use crate::verdict::Answer;

/// The part of a refusal that the caller learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) told: Told,
}

/// The few things a caller can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    BadRequest,
    BodyTooLarge,
    SeveralCredentials,
    NoCredential,
    InvalidCredential,
    ExpiredToken,
    NotPermitted,
    ScopeMissing,
    Unavailable,
    OriginUnreachable,
}

impl Refusal {
    pub(crate) const ORIGIN_UNREACHABLE: Self = Self { status: 502, told: Told::OriginUnreachable };

    /// What the caller is told for `reason`.
    pub(crate) fn of(reason: Reason) -> Self {
        let (status, told) = match reason {
            Reason::PathInvalid | Reason::HeaderInvalid | Reason::BodyInvalid => (400, Told::BadRequest),
            Reason::BodyTooLarge => (413, Told::BodyTooLarge),
            Reason::CredentialAmbiguous => (400, Told::SeveralCredentials),
            Reason::CredentialMissing | Reason::CredentialUnsupported => (401, Told::NoCredential),
            Reason::CredentialMalformed
            | Reason::TokenMalformed
            | Reason::TokenTooLarge
            | Reason::TokenTypeMismatch
            | Reason::CriticalHeader
            | Reason::AlgorithmNotAllowed
            | Reason::KeyUnknown
            | Reason::SignatureInvalid
            | Reason::TokenNotYetValid
            | Reason::TokenIssuedInFuture
            | Reason::TokenTooOld
            | Reason::IssuerUntrusted
            | Reason::AudienceMismatch
            | Reason::ClaimMissing
            | Reason::ClaimInvalid
            | Reason::ApiKeyMalformed
            | Reason::ApiKeyUnknown
            | Reason::ApiKeyExpired
            | Reason::ApiKeyDisabled => (401, Told::InvalidCredential),
            Reason::TokenExpired => (401, Told::ExpiredToken),
            Reason::RouteUnknown
            | Reason::RouteRefused
            | Reason::PermissionMissing
            | Reason::PermissionDenied
            | Reason::BindingMismatch => (403, Told::NotPermitted),
            Reason::ScopeMissing => (403, Told::ScopeMissing),
            Reason::ConfigInvalid | Reason::RecordsUnavailable | Reason::Internal => (503, Told::Unavailable),
        };
        Self { status, told }
    }

    /// The `WWW-Authenticate` value, where the status has one. `error` is absent when no credential came.
    fn challenge(self, realm: &str, permission: Option<&Permission>) -> Option<String> {
        let base = format!("Bearer realm=\"{realm}\"");
        match (self.told, permission) {
            (Told::NoCredential, _) => Some(base),
            (Told::InvalidCredential | Told::ExpiredToken, _) => {
                Some(format!("{base}, error=\"invalid_token\""))
            }
            (Told::SeveralCredentials, _) => Some(format!("{base}, error=\"invalid_request\"")),
            (Told::NotPermitted | Told::ScopeMissing, Some(permission)) => {
                Some(format!("{base}, error=\"insufficient_scope\", scope=\"{permission}\""))
            }
            _ => None,
        }
    }

    /// The whole response.
    pub(crate) fn answer(
        self,
        dialect: Dialect,
        realm: &str,
        permission: Option<&Permission>,
        request_id: &str,
        now: UnixTime,
    ) -> Answer {
        let telling = Telling { refusal: self, permission, request_id, now };
        let (mut headers, body) = dialect.body(&telling);
        headers.push(("cache-control".to_string(), "no-store".to_string()));
        if let Some(challenge) = self.challenge(realm, permission) {
            headers.push(("www-authenticate".to_string(), challenge));
        }
        Answer { status: self.status, headers, body }
    }
}
