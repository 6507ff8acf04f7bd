//! The closed list of reasons for a refusal: one stable code each, the same on every host.

use core::fmt;

use serde::{Serialize, Serializer};

use crate::challenge::Refusal;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $variant:ident => $code:literal,)*) => {
        /// Why a request was refused.
        ///
        /// The code is for the operator: logs, metrics, traces. The caller gets a status, a challenge and a body
        /// that do not tell one rejected credential from another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])* $variant,)*
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
        }
    };
}

reasons! {
    /// The request target cannot be normalised safely.
    PathInvalid => "path_invalid",
    /// A header is over a limit, or `Connection` names a header the decision rests on.
    HeaderInvalid => "header_invalid",
    /// No credential came where this deployment accepts one.
    CredentialMissing => "credential_missing",
    /// More than one credential came.
    CredentialAmbiguous => "credential_ambiguous",
    /// The credential does not have the syntax its place asks for.
    CredentialMalformed => "credential_malformed",
    /// A scheme or kind of credential that this deployment does not accept.
    CredentialUnsupported => "credential_unsupported",
    /// The token is not a JWS in compact serialisation with a JSON object as header and claims.
    TokenMalformed => "token_malformed",
    /// The token is longer than the limit.
    TokenTooLarge => "token_too_large",
    /// The `typ` header names a kind of token that is not an access token.
    TokenTypeMismatch => "token_type_mismatch",
    /// The token has a `crit` header: it asks for an extension that is not understood.
    CriticalHeader => "critical_header",
    /// The algorithm is `none`, unknown, or not the one any usable key is fixed to.
    AlgorithmNotAllowed => "algorithm_not_allowed",
    /// No key of the issuer has the token's `kid`.
    KeyUnknown => "key_unknown",
    /// The signature is not valid.
    SignatureInvalid => "signature_invalid",
    /// `exp` has passed.
    TokenExpired => "token_expired",
    /// `nbf` lies ahead.
    TokenNotYetValid => "token_not_yet_valid",
    /// `iat` lies ahead.
    TokenIssuedInFuture => "token_issued_in_future",
    /// `iat` lies further back than the maximum age.
    TokenTooOld => "token_too_old",
    /// `iss` is not a configured issuer.
    IssuerUntrusted => "issuer_untrusted",
    /// `aud` does not name this deployment.
    AudienceMismatch => "audience_mismatch",
    /// A required claim is absent.
    ClaimMissing => "claim_missing",
    /// A claim has the wrong type or an impossible value.
    ClaimInvalid => "claim_invalid",
    /// The API key has the right prefix, but not the right form or checksum.
    ApiKeyMalformed => "api_key_malformed",
    /// No record matches the API key.
    ApiKeyUnknown => "api_key_unknown",
    /// The API key's record has expired.
    ApiKeyExpired => "api_key_expired",
    /// The API key's record is disabled.
    ApiKeyDisabled => "api_key_disabled",
    /// No route of the policy has this method and path.
    RouteUnknown => "route_unknown",
    /// The policy refuses this route to everybody.
    RouteRefused => "route_refused",
    /// No role of the principal has the permission.
    PermissionMissing => "permission_missing",
    /// A role of the principal explicitly denies the permission.
    PermissionDenied => "permission_denied",
    /// The token's scopes do not include the permission.
    ScopeMissing => "scope_missing",
    /// A parameter of the request is not among the values the principal is bound to.
    BindingMismatch => "binding_mismatch",
    /// A binding compares members of the body, and the body is not JSON that can be compared.
    BodyInvalid => "body_invalid",
    /// A binding compares members of the body, and the body is longer than the limit.
    BodyTooLarge => "body_too_large",
    /// The configuration did not load.
    ConfigInvalid => "config_invalid",
    /// The API-key records could not be had.
    RecordsUnavailable => "records_unavailable",
    /// A defect of the gate itself.
    Internal => "internal",
}

impl Reason {
    /// The HTTP status a caller gets for this reason.
    pub fn status(self) -> u16 {
        Refusal::of(self).status
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
