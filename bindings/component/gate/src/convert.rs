//! Between the core's types and those of `wit/auth.wit`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::api_key::RecordLookup;
use portcullis::limits::REPLY_BYTES;
use portcullis::{
    Call, CallTarget, CredentialHandling, CredentialLocation, Decision, Forward, HeaderPair, Principal,
    Proof, Reason, Reply, RequestHead, Response, UnixTime, Verdict,
};
use portcullis_config::ConfigError;

use crate::bindings::exports::portcullis::auth::types as wit;

/// The header lines, borrowed.
pub(crate) fn pairs(headers: &[wit::HeaderPair]) -> Vec<HeaderPair<'_>> {
    headers.iter().map(|pair| HeaderPair::new(&pair.name, &pair.value)).collect()
}

/// The head, with the lines that [`pairs`] found.
pub(crate) fn head<'a>(head: &'a wit::RequestHead, pairs: &'a [HeaderPair<'a>]) -> RequestHead<'a> {
    let core = RequestHead::new(&head.method, &head.target, pairs).with_request_id(&head.request_id);
    if head.shows_connection { core } else { core.with_connection_hidden() }
}

pub(crate) fn lookup(found: &wit::RecordLookup) -> RecordLookup {
    match found {
        wit::RecordLookup::Found(text) => portcullis_config::api_key_record(text),
        wit::RecordLookup::NotFound => RecordLookup::NotFound,
        wit::RecordLookup::Unavailable => RecordLookup::Unavailable,
    }
}

/// Calls `take` with the reply as the core reads it, if there is one.
pub(crate) fn with_reply<T>(reply: Option<&wit::Reply>, take: impl FnOnce(Option<&Reply<'_>>) -> T) -> T {
    let Some(wit::Reply { status, headers, body }) = reply else { return take(None) };
    take(Some(&Reply { status: *status, headers: &pairs(headers), body }))
}

/// A limit beyond `u64` is none.
pub(crate) fn limit(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

pub(crate) fn verdict(verdict: Verdict, log_line: String) -> wit::Verdict {
    let Verdict { decision, diagnostics } = verdict;
    wit::Verdict {
        decision: match decision {
            Decision::Allow(forward) => wit::Decision::Allow(forward.into()),
            Decision::Deny(response) => wit::Decision::Deny(response.into()),
            Decision::Answer(response) => wit::Decision::Answer(response.into()),
        },
        diagnostics: wit::Diagnostics {
            reason: diagnostics.reason.map(wit::Reason::from),
            reported: diagnostics.reported,
            detail: diagnostics.error.map(|error| error.to_string()),
            path: diagnostics.path,
            route: diagnostics.route,
            permission: diagnostics.permission,
            location: diagnostics.location.map(wit::CredentialLocation::from),
            principal: diagnostics.principal.as_deref().map(wit::Principal::from),
            log_line,
        },
    }
}

impl From<&ConfigError> for wit::ConfigError {
    fn from(error: &ConfigError) -> Self {
        Self { pointer: error.pointer.clone(), message: error.message.clone() }
    }
}

impl From<&Call> for wit::Call {
    fn from(call: &Call) -> Self {
        Self {
            method: call.method().to_string(),
            target: match call.target().clone() {
                CallTarget::Origin(target) => wit::CallTarget::Origin(target),
                CallTarget::Url(url) => wit::CallTarget::Url(url),
            },
            headers: headers(call.headers().to_vec()),
            body: call.body().to_string(),
            timeout_seconds: call.timeout_secs(),
            reply_limit: limit(REPLY_BYTES),
        }
    }
}

impl From<Forward> for wit::Forward {
    fn from(forward: Forward) -> Self {
        let Forward {
            target,
            remove_headers,
            set_headers,
            credential,
            remove_response_headers,
            response_headers,
            append_response_headers,
        } = forward;
        Self {
            target,
            remove_headers,
            set_headers: headers(set_headers),
            credential: match credential {
                CredentialHandling::Forward => wit::CredentialHandling::Forward,
                CredentialHandling::Replace => wit::CredentialHandling::Replace,
                CredentialHandling::Strip => wit::CredentialHandling::Strip,
            },
            remove_response_headers: remove_response_headers.iter().map(ToString::to_string).collect(),
            response_headers: headers(response_headers),
            append_response_headers: headers(append_response_headers),
        }
    }
}

impl From<Response> for wit::Response {
    fn from(response: Response) -> Self {
        let Response { status, headers: named, body } = response;
        Self { status, headers: headers(named), body }
    }
}

impl From<CredentialLocation> for wit::CredentialLocation {
    fn from(location: CredentialLocation) -> Self {
        match location {
            CredentialLocation::Authorization => Self::Authorization,
            CredentialLocation::ApiKeyHeader => Self::ApiKeyHeader,
            CredentialLocation::Cookie => Self::Cookie,
            CredentialLocation::WebSocketProtocol => Self::WebSocketProtocol,
            CredentialLocation::Query => Self::Query,
        }
    }
}

impl From<&Principal> for wit::Principal {
    fn from(principal: &Principal) -> Self {
        Self {
            subject: principal.subject().to_string(),
            roles: principal.roles().to_vec(),
            scopes: principal.scopes().map(<[String]>::to_vec),
            tenant: principal.tenant().map(str::to_string),
            proof: match principal.proof().clone() {
                Proof::Token { issuer, key_id } => wit::Proof::Token(wit::TokenProof { issuer, key_id }),
                Proof::ApiKey { key_id } => wit::Proof::ApiKey(key_id),
                Proof::Asked { issuer } => wit::Proof::Asked(issuer),
            },
            valid_until: principal.valid_until().map(UnixTime::as_secs),
        }
    }
}

fn headers(pairs: Vec<(String, String)>) -> Vec<wit::Header> {
    pairs.into_iter().map(|(name, value)| wit::Header { name, value }).collect()
}

/// The same names on both sides; a reason that only one side has does not compile.
macro_rules! reasons {
    ($($name:ident)*) => {
        impl From<Reason> for wit::Reason {
            fn from(reason: Reason) -> Self {
                match reason {
                    $(Reason::$name => Self::$name,)*
                }
            }
        }

        impl From<wit::Reason> for Reason {
            fn from(reason: wit::Reason) -> Self {
                match reason {
                    $(wit::Reason::$name => Self::$name,)*
                }
            }
        }
    };
}

reasons! {
    PathInvalid HeaderInvalid OriginNotAllowed
    CredentialMissing CredentialAmbiguous CredentialMalformed CredentialUnsupported CrossSiteRequest
    TokenMalformed TokenTooLarge TokenTypeMismatch CriticalHeader AlgorithmNotAllowed KeyUnknown SignatureInvalid
    TokenRevoked CredentialRejected TokenExpired TokenNotYetValid TokenIssuedInFuture TokenTooOld IssuerUntrusted AudienceMismatch ClaimMissing
    ClaimInvalid
    ApiKeyMalformed ApiKeyUnknown ApiKeyExpired ApiKeyDisabled
    RouteUnknown RouteRefused PermissionMissing PermissionDenied ScopeMissing OriginKeyMissing BindingMismatch
    BodyInvalid BodyTooLarge
    RateLimited KeysUnavailable BundleUnavailable AskUnavailable RevocationsUnavailable ConfigInvalid
    RecordsUnavailable Internal
}

#[cfg(test)]
mod tests {
    use super::{Reason, wit};

    /// The cases of `enum reason` as `wit/auth.wit` writes them.
    fn written() -> Vec<&'static str> {
        let text = include_str!("../../../../wit/auth.wit");
        let (_, cases) = text.split_once("enum reason {").unwrap_or_default();
        let (cases, _) = cases.split_once('}').unwrap_or_default();
        cases.lines().map(str::trim).filter_map(|line| line.strip_suffix(',')).collect()
    }

    #[test]
    fn the_interface_lists_every_reason_in_order() {
        let core: Vec<_> = Reason::ALL.iter().map(|reason| reason.code().replace('_', "-")).collect();
        assert_eq!(written(), core);
    }

    #[test]
    fn a_reason_keeps_its_place() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            let there = wit::Reason::from(*reason);
            assert_eq!(usize::from(u8::from(Case(there))), index, "{reason}");
            assert_eq!(Reason::from(there), *reason);
        }
    }

    /// A case as the canonical ABI numbers it.
    struct Case(wit::Reason);

    impl From<Case> for u8 {
        #[allow(clippy::as_conversions, reason = "the discriminant of a generated enum has no other way out")]
        fn from(case: Case) -> Self {
            case.0 as u8
        }
    }
}
