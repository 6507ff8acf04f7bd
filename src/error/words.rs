//! The errors in words, for the operator.

use core::fmt;

use super::{
    ApiKeyError, AuthError, BodyError, ClaimsError, CredentialError, HeaderError, PolicyError, TokenError,
};

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
