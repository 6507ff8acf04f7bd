//! The closed list of reasons for a refusal: one stable code each, the same on every host, and what a caller is told
//! for it.

use core::fmt;

use serde::Serialize;

/// The few things a caller can be told. Many reasons share one: nothing here tells which check a credential failed,
/// except that a token with a valid signature has expired, which its holder can read in it and should act upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    BadRequest,
    BodyTooLarge,
    SeveralCredentials,
    NoCredential,
    InvalidCredential,
    ExpiredToken,
    NotPermitted,
    ScopeMissing,
    RateLimited,
    Unavailable,
    OriginUnreachable,
}

/// The part of a refusal that the caller learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: RefusalKind,
}

impl Refusal {
    pub(crate) const ORIGIN_UNREACHABLE: Self = Self { status: 502, kind: RefusalKind::OriginUnreachable };
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $variant:ident => $code:literal, $status:literal, $kind:ident;)*) => {
        /// Why a request was refused.
        ///
        /// The code is for the operator: logs, metrics, traces. The caller gets a status, a challenge and a body
        /// that do not tell one rejected credential from another.
        ///
        /// ```
        /// use portcullis::Reason;
        ///
        /// assert_eq!(Reason::TokenExpired.code(), "token_expired");
        /// assert_eq!(Reason::TokenExpired.status(), 401);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Reason {
            $($(#[doc = $doc])* #[serde(rename = $code)] $variant,)*
        }

        impl Reason {
            /// Every reason, in the order of the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code, for example `token_expired`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// What the caller is told.
            pub(crate) const fn refusal(self) -> Refusal {
                match self {
                    $(Self::$variant => Refusal { status: $status, kind: RefusalKind::$kind },)*
                }
            }

            /// The HTTP status a caller gets for this reason.
            pub const fn status(self) -> u16 {
                self.refusal().status
            }
        }
    };
}

reasons! {
    /// The request target cannot be normalised safely.
    PathInvalid => "path_invalid", 400, BadRequest;
    /// Too many headers, more than one `Origin`, or `Connection` names a header the decision rests on.
    HeaderInvalid => "header_invalid", 400, BadRequest;
    /// A script of an origin that is not allowed sent the request.
    OriginNotAllowed => "origin_not_allowed", 403, NotPermitted;
    /// No credential came where this deployment accepts one.
    CredentialMissing => "credential_missing", 401, NoCredential;
    /// More than one credential came.
    CredentialAmbiguous => "credential_ambiguous", 400, SeveralCredentials;
    /// The credential does not have the syntax its place asks for.
    CredentialMalformed => "credential_malformed", 401, InvalidCredential;
    /// A scheme or kind of credential that this deployment does not accept.
    CredentialUnsupported => "credential_unsupported", 401, NoCredential;
    /// The credential is a cookie, and nothing shows that the request is not another site's.
    CrossSiteRequest => "cross_site_request", 403, NotPermitted;
    /// The token is not a JWS in compact serialisation with a JSON object as header and claims.
    TokenMalformed => "token_malformed", 401, InvalidCredential;
    /// The token is longer than the limit.
    TokenTooLarge => "token_too_large", 401, InvalidCredential;
    /// The `typ` header names a kind of token that is not an access token.
    TokenTypeMismatch => "token_type_mismatch", 401, InvalidCredential;
    /// The token has a `crit` header: it asks for an extension that is not understood.
    CriticalHeader => "critical_header", 401, InvalidCredential;
    /// The algorithm is `none`, unknown, or not the one any usable key is fixed to.
    AlgorithmNotAllowed => "algorithm_not_allowed", 401, InvalidCredential;
    /// No key of the issuer has the token's `kid`.
    KeyUnknown => "key_unknown", 401, InvalidCredential;
    /// The signature is not valid.
    SignatureInvalid => "signature_invalid", 401, InvalidCredential;
    /// The token was taken back: by itself, with its session, or with everything its subject or issuer had.
    TokenRevoked => "token_revoked", 401, InvalidCredential;
    /// Whoever was asked about the credential says that it is good for nothing.
    CredentialRejected => "credential_rejected", 401, InvalidCredential;
    /// `exp` has passed.
    TokenExpired => "token_expired", 401, ExpiredToken;
    /// `nbf` lies ahead.
    TokenNotYetValid => "token_not_yet_valid", 401, InvalidCredential;
    /// `iat` lies ahead.
    TokenIssuedInFuture => "token_issued_in_future", 401, InvalidCredential;
    /// `iat` lies further back than the maximum age.
    TokenTooOld => "token_too_old", 401, InvalidCredential;
    /// `iss` is not a configured issuer.
    IssuerUntrusted => "issuer_untrusted", 401, InvalidCredential;
    /// `aud` does not name this deployment.
    AudienceMismatch => "audience_mismatch", 401, InvalidCredential;
    /// A required claim is absent.
    ClaimMissing => "claim_missing", 401, InvalidCredential;
    /// A claim has the wrong type or an impossible value.
    ClaimInvalid => "claim_invalid", 401, InvalidCredential;
    /// The API key has the right prefix, but not the right form or checksum.
    ApiKeyMalformed => "api_key_malformed", 401, InvalidCredential;
    /// No record matches the API key.
    ApiKeyUnknown => "api_key_unknown", 401, InvalidCredential;
    /// The API key's record has expired.
    ApiKeyExpired => "api_key_expired", 401, InvalidCredential;
    /// The API key's record is disabled.
    ApiKeyDisabled => "api_key_disabled", 401, InvalidCredential;
    /// No route of the policy has this method and path.
    RouteUnknown => "route_unknown", 403, NotPermitted;
    /// The policy refuses this route to everybody.
    RouteRefused => "route_refused", 403, NotPermitted;
    /// No role of the principal has the permission.
    PermissionMissing => "permission_missing", 403, NotPermitted;
    /// A role of the principal explicitly denies the permission.
    PermissionDenied => "permission_denied", 403, NotPermitted;
    /// The token's scopes do not include the permission.
    ScopeMissing => "scope_missing", 403, ScopeMissing;
    /// Credentials are swapped for keys of the origin's own, and none is for the principal.
    OriginKeyMissing => "origin_key_missing", 403, NotPermitted;
    /// A parameter of the request is not among the values the principal is bound to.
    BindingMismatch => "binding_mismatch", 403, NotPermitted;
    /// A binding compares something of the body, and the body is no JSON or form that can be compared.
    BodyInvalid => "body_invalid", 400, BadRequest;
    /// A binding compares something of the body, and the body is longer than the limit.
    BodyTooLarge => "body_too_large", 413, BodyTooLarge;
    /// Too many failures, or requests of a route that is limited, came from the client's address.
    RateLimited => "rate_limited", 429, RateLimited;
    /// The keys of the token's issuer could not be fetched, or may be out of date.
    KeysUnavailable => "keys_unavailable", 503, Unavailable;
    /// The bundle could not be fetched, or has expired: nobody knows what was taken back.
    BundleUnavailable => "bundle_unavailable", 503, Unavailable;
    /// Nobody could say who the caller is.
    AskUnavailable => "ask_unavailable", 503, Unavailable;
    /// Whether the credential was taken back could not be looked up.
    RevocationsUnavailable => "revocations_unavailable", 503, Unavailable;
    /// The configuration did not load.
    ConfigInvalid => "config_invalid", 503, Unavailable;
    /// The API-key records could not be had.
    RecordsUnavailable => "records_unavailable", 503, Unavailable;
    /// A defect of the gate itself.
    Internal => "internal", 503, Unavailable;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
