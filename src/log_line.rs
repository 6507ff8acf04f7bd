//! The line about a decision in an operator's log.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::limits::{LOG_LIST, LOG_SEGMENT_BYTES, LOG_TEXT_CHARS};
use crate::policy_version::PolicyVersion;
use crate::principal::Proof;
use crate::reason::Reason;
use crate::unverified::{Unverified, printable};
use crate::verdict::{Decision, Verdict};

/// The members of the line, in their order. `docs/reasons.md` says what each is.
#[derive(Serialize)]
struct LogLine<'r> {
    decision: &'static str,
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    reported: bool,
    status: Option<u16>,
    method: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    route: Option<&'r str>,
    permission: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding: Option<&'r str>,
    subject: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<&'r str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'r str>,
    key_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unverified: Option<&'r Unverified>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'r str>,
    request_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyVersion>,
}

impl Verdict {
    /// One line of JSON for the operator's log: what was decided, why, about whom, and by which configuration. Never a
    /// credential, and of what a refused caller wrote only what finds the caller, bounded and escaped.
    pub fn log_line(&self, method: &str, request_id: &str) -> String {
        self.log_line_with_client(method, request_id, None)
    }

    /// The same with the client's address, from a host that vouches for it.
    pub fn log_line_with_client(&self, method: &str, request_id: &str, client: Option<&str>) -> String {
        let diagnostics = &self.diagnostics;
        let (decision, status) = match (&self.decision, diagnostics.reason) {
            // A refusal that is only reported is written down like any other.
            (Decision::Allow(_), Some(reason)) => ("deny", Some(reason.status())),
            (Decision::Allow(_), None) => ("allow", None),
            (Decision::Deny(answer), _) => ("deny", Some(answer.status)),
            (Decision::Answer(answer), _) => ("answer", Some(answer.status)),
        };
        let is_unknown = diagnostics.reason == Some(Reason::RouteUnknown);
        let principal = diagnostics.principal.as_ref();
        let line = LogLine {
            decision,
            reason: diagnostics.reason,
            detail: diagnostics.error.as_ref().map(|error| printable(&error.to_string())),
            reported: diagnostics.reported,
            status,
            method: log_method(method),
            path: diagnostics.path.as_deref().filter(|_| is_unknown).map(log_path),
            route: diagnostics.route.as_deref(),
            permission: diagnostics.permission.as_deref(),
            binding: diagnostics.binding.as_deref(),
            subject: principal.map(|principal| principal.subject()),
            tenant: principal.and_then(|principal| principal.tenant()),
            roles: principal.map(|principal| log_list(principal.roles())),
            issuer: principal.and_then(|principal| match principal.proof() {
                Proof::Token { issuer, .. } | Proof::Asked { issuer } => issuer.as_deref(),
                Proof::ApiKey { .. } => None,
            }),
            key_id: principal.and_then(|principal| principal.proof().key_id()),
            unverified: diagnostics.unverified.as_deref(),
            client,
            request_id,
            policy: diagnostics.policy,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// The method if it is one of HTTP's own: anything else is the caller's free text.
fn log_method(method: &str) -> &str {
    const KNOWN: &[&str] =
        &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];
    if KNOWN.contains(&method) { method } else { "other" }
}

/// The path without what is long enough to be a credential.
fn log_path(path: &str) -> String {
    let shown = |segment: &str| {
        if segment.len() > LOG_SEGMENT_BYTES { "…".to_string() } else { printable(segment) }
    };
    let mut shown_path = String::new();
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            shown_path.push('/');
        }
        if shown_path.len() >= LOG_TEXT_CHARS {
            shown_path.push('…');
            break;
        }
        shown_path.push_str(&shown(segment));
    }
    shown_path
}

/// The first of a list.
fn log_list(names: &[String]) -> Vec<&str> {
    names.iter().take(LOG_LIST).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::log_path;
    use crate::limits::LOG_SEGMENT_BYTES;
    use alloc::format;

    #[test]
    fn a_path_shows_no_credential_and_has_an_end() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";
        assert_eq!(log_path("/v1/threads/7"), "/v1/threads/7");
        assert_eq!(log_path("/"), "/");
        assert_eq!(log_path(&format!("/keys/{token}/x")), "/keys/…/x");
        let longest = "a".repeat(LOG_SEGMENT_BYTES);
        assert_eq!(log_path(&format!("/{longest}/{longest}a")), format!("/{longest}/…"));
        assert_eq!(log_path("/a\u{202e}b\n"), "/a\\u{202e}b\\u{a}");
        assert!(log_path(&"/abc".repeat(1000)).len() < 200);
    }
}
