//! Between the core's types and those of `wit/auth.wit`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::{
    Answer, ConfigError, CredentialFate, Decision, Forward, HeaderPair, Need, Place, Principal, Proof,
    Reason, RequestHead, Step, Supply, Verdict,
};

use crate::bindings::exports::portcullis::auth::types as wit;

/// The header lines, borrowed.
pub(crate) fn pairs(head: &wit::RequestHead) -> Vec<HeaderPair<'_>> {
    head.headers.iter().map(|pair| HeaderPair::new(&pair.name, &pair.value)).collect()
}

/// The head, with the lines that [`pairs`] found.
pub(crate) fn head<'a>(head: &'a wit::RequestHead, pairs: &'a [HeaderPair<'a>]) -> RequestHead<'a> {
    RequestHead::new(&head.method, &head.target, pairs).with_request_id(&head.request_id)
}

pub(crate) fn supply(supply: &wit::Supply) -> Supply<'_> {
    match supply {
        wit::Supply::ApiKeyRecord(record) => Supply::ApiKeyRecord(record.as_deref()),
        wit::Supply::Body(octets) => Supply::Body(octets),
        wit::Supply::Unavailable => Supply::Unavailable,
    }
}

pub(crate) fn step(step: Step, head: &wit::RequestHead) -> wit::Step {
    match step {
        Step::Verdict(made) => wit::Step::Verdict(verdict(made, head)),
        Step::Need(Need::ApiKeyRecord { id }) => wit::Step::Need(wit::Need::ApiKeyRecord(id)),
        Step::Need(Need::Body { limit }) => {
            // A limit beyond this type is none.
            wit::Step::Need(wit::Need::Body(u64::try_from(limit).unwrap_or(u64::MAX)))
        }
    }
}

fn verdict(verdict: Verdict, head: &wit::RequestHead) -> wit::Verdict {
    let method = core::str::from_utf8(&head.method).unwrap_or_default();
    let log_line = verdict.log_line(method, &head.request_id);
    let Verdict { decision, record } = verdict;
    wit::Verdict {
        decision: match decision {
            Decision::Allow(forward) => wit::Decision::Allow(forward.into()),
            Decision::Deny(answer) => wit::Decision::Deny(answer.into()),
        },
        findings: wit::Findings {
            reason: record.reason.map(wit::Reason::from),
            reported: record.reported,
            detail: record.error.map(|error| error.to_string()),
            path: record.path,
            route: record.route,
            permission: record.permission,
            place: record.place.map(wit::Place::from),
            principal: record.principal.map(wit::Principal::from),
            log_line,
        },
    }
}

impl From<&ConfigError> for wit::ConfigError {
    fn from(error: &ConfigError) -> Self {
        Self { pointer: error.pointer.clone(), message: error.message.clone() }
    }
}

impl From<Forward> for wit::Forward {
    fn from(forward: Forward) -> Self {
        let Forward { target, remove_headers, set_headers, credential, response_headers } = forward;
        Self {
            target,
            remove_headers,
            set_headers: headers(set_headers),
            credential: match credential {
                CredentialFate::Forward => wit::CredentialFate::Forward,
                CredentialFate::Swap => wit::CredentialFate::Swap,
                CredentialFate::Strip => wit::CredentialFate::Strip,
            },
            response_headers: headers(response_headers),
        }
    }
}

impl From<Answer> for wit::Answer {
    fn from(answer: Answer) -> Self {
        let Answer { status, headers: named, body } = answer;
        Self { status, headers: headers(named), body }
    }
}

impl From<Place> for wit::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::Authorization => Self::Authorization,
            Place::ApiKeyHeader => Self::ApiKeyHeader,
            Place::WebSocketProtocol => Self::WebSocketProtocol,
            Place::Query => Self::Query,
        }
    }
}

impl From<Principal> for wit::Principal {
    fn from(principal: Principal) -> Self {
        let Principal { subject, roles, scopes, tenant, attributes: _, proof, valid_until } = principal;
        let proof = match proof {
            Proof::Token { issuer, key_id } => wit::Proof::Token(wit::TokenProof { issuer, key_id }),
            Proof::ApiKey { key_id } => wit::Proof::ApiKey(key_id),
        };
        Self { subject, roles, scopes, tenant, proof, valid_until: valid_until.map(|time| time.as_secs()) }
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
    PathInvalid HeaderInvalid
    CredentialMissing CredentialAmbiguous CredentialMalformed CredentialUnsupported
    TokenMalformed TokenTooLarge TokenTypeMismatch CriticalHeader AlgorithmNotAllowed KeyUnknown SignatureInvalid
    TokenExpired TokenNotYetValid TokenIssuedInFuture TokenTooOld IssuerUntrusted AudienceMismatch ClaimMissing
    ClaimInvalid
    ApiKeyMalformed ApiKeyUnknown ApiKeyExpired ApiKeyDisabled
    RouteUnknown RouteRefused PermissionMissing PermissionDenied ScopeMissing BindingMismatch
    BodyInvalid BodyTooLarge
    ConfigInvalid RecordsUnavailable Internal
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
