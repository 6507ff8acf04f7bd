//! What crosses the boundary, as JSON.

use std::collections::BTreeMap;

use portcullis::{ConfigError, Decision, Forward, Principal, Proof, Reason, UnixTime, Verdict};
use serde::{Deserialize, Serialize};

use crate::head::Head;

/// `value` as text; empty if it cannot be written, which `index.js` takes for the defect it would be.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// How a call ended: an object with one member, named after the variant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "each is written as soon as it is made")]
pub(crate) enum Outcome<'a> {
    Verdict(VerdictDocument<'a>),
    Needed(NeedDocument<'a>),
    Principal(PrincipalDocument),
    Can(bool),
    ApiKey {
        key: &'a str,
        hash: &'a str,
    },
    /// The request is to blame.
    Error {
        code: Reason,
        message: String,
    },
    /// The caller of this package is to blame.
    Argument {
        message: &'a str,
    },
}

/// What a decision needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NeedDocument<'a> {
    ApiKeyRecord { id: &'a str },
    Body { limit: usize },
}

/// One thing that is wrong with a configuration.
#[derive(Serialize)]
pub(crate) struct Fault<'a> {
    pointer: &'a str,
    message: &'a str,
}

impl<'a> Fault<'a> {
    pub(crate) fn new(error: &'a ConfigError) -> Self {
        Self { pointer: &error.pointer, message: &error.message }
    }
}

/// A verdict with what led to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictDocument<'a> {
    allow: Option<AllowDocument<'a>>,
    deny: Option<DenyDocument<'a>>,
    route: Option<&'a str>,
    permission: Option<&'a str>,
    principal: Option<PrincipalDocument>,
    log: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AllowDocument<'a> {
    target: &'a str,
    remove_headers: &'a [String],
    set_headers: &'a [(String, String)],
    response_headers: &'a [(String, String)],
    credential: portcullis::CredentialFate,
    /// The refusal that was only reported.
    reported: Option<ReportedDocument>,
}

#[derive(Serialize)]
struct ReportedDocument {
    reason: Option<Reason>,
    message: Option<String>,
}

#[derive(Serialize)]
struct DenyDocument<'a> {
    reason: Option<Reason>,
    message: Option<String>,
    status: u16,
    headers: &'a [(String, String)],
    body: &'a str,
}

impl<'a> VerdictDocument<'a> {
    pub(crate) fn new(verdict: &'a Verdict, head: &Head) -> Self {
        let Verdict { decision, record } = verdict;
        let message = || record.error.as_ref().map(ToString::to_string);
        let (allow, deny) = match decision {
            Decision::Allow(forward) => {
                let Forward { target, remove_headers, set_headers, credential, response_headers } = forward;
                let allow = AllowDocument {
                    target,
                    remove_headers,
                    set_headers,
                    response_headers,
                    credential: *credential,
                    reported: record
                        .reported
                        .then(|| ReportedDocument { reason: record.reason, message: message() }),
                };
                (Some(allow), None)
            }
            Decision::Deny(answer) => {
                let deny = DenyDocument {
                    reason: record.reason,
                    message: message(),
                    status: answer.status,
                    headers: &answer.headers,
                    body: &answer.body,
                };
                (None, Some(deny))
            }
        };
        Self {
            allow,
            deny,
            route: record.route.as_deref(),
            permission: record.permission.as_deref(),
            principal: record.principal.as_ref().map(PrincipalDocument::new),
            log: verdict.log_line(&head.method, &head.request_id),
        }
    }
}

/// A principal, written and read back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrincipalDocument {
    subject: String,
    roles: Vec<String>,
    scopes: Option<Vec<String>>,
    tenant: Option<String>,
    proof: ProofKind,
    issuer: Option<String>,
    key_id: Option<String>,
    /// Seconds since the epoch.
    valid_until: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ProofKind {
    Token,
    ApiKey,
}

impl PrincipalDocument {
    pub(crate) fn new(principal: &Principal) -> Self {
        let Principal { subject, roles, scopes, tenant, attributes: _, proof, valid_until } = principal;
        let (kind, issuer) = match proof {
            Proof::Token { issuer, .. } => (ProofKind::Token, issuer.clone()),
            Proof::ApiKey { .. } => (ProofKind::ApiKey, None),
        };
        Self {
            subject: subject.clone(),
            roles: roles.clone(),
            scopes: scopes.clone(),
            tenant: tenant.clone(),
            proof: kind,
            issuer,
            key_id: proof.key_id().map(ToString::to_string),
            valid_until: valid_until.map(UnixTime::as_secs),
        }
    }

    pub(crate) fn principal(self) -> Principal {
        let Self { subject, roles, scopes, tenant, proof, issuer, key_id, valid_until } = self;
        let proof = match proof {
            ProofKind::Token => Proof::Token { issuer, key_id },
            ProofKind::ApiKey => Proof::ApiKey { key_id: key_id.unwrap_or_default() },
        };
        Principal {
            subject,
            roles,
            scopes,
            tenant,
            // Bindings are of routes, and this principal only answers for permissions.
            attributes: BTreeMap::new(),
            proof,
            valid_until: valid_until.map(UnixTime::from_secs),
        }
    }
}
