//! The answer to a request, as plain data for any host.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::credential::CredentialLocation;
use crate::error::AuthError;
use crate::handling::CredentialHandling;
use crate::principal::Principal;
use crate::reason::Reason;

/// What to do with a request, and what to write down about it.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Allow or deny.
    pub decision: Decision,
    /// What led there, for logs and metrics.
    pub diagnostics: Diagnostics,
}

/// The ways a request can end.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Hand it to the origin like this.
    Allow(Forward),
    /// Do not let it through; answer this.
    Deny(Response),
    /// It is no refusal, and ends here all the same: the answer to a CORS preflight.
    Answer(Response),
}

/// How a request that is allowed is handed on. Whatever is not named here goes on untouched: method, body, all other headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forward {
    /// Path and query to ask the origin for, in normal form: the path the decision was made on.
    pub target: String,
    /// Headers to remove, in lower case, before any is set. Only those that the request has.
    pub remove_headers: Vec<String>,
    /// Headers to set, replacing what is there; names in lower case.
    pub set_headers: Vec<(String, String)>,
    /// What became of the caller's credential.
    pub credential: CredentialHandling,
    /// Headers to remove from the response, in lower case, before any is set or added.
    pub remove_response_headers: &'static [&'static str],
    /// Headers to set on the response, replacing what the origin wrote; names in lower case.
    pub response_headers: Vec<(String, String)>,
    /// Headers to add to the response, beside what the origin wrote; names in lower case.
    pub append_response_headers: Vec<(String, String)>,
}

/// What becomes of the headers of the origin's response.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseChanges {
    pub(crate) remove: &'static [&'static str],
    pub(crate) set: Vec<(String, String)>,
    pub(crate) append: Vec<(String, String)>,
}

/// A complete HTTP response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, in UTF-8.
    pub body: String,
}

/// What is known about a decision. Holds no credential, and no claim but the subject.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Diagnostics {
    /// Why the request was refused, or would have been if refusals were not only reported; `None` if it was allowed.
    pub reason: Option<Reason>,
    /// Whether a refusal was only reported, and the request allowed in spite of it.
    pub reported: bool,
    /// The precise error behind the reason, if the request caused it.
    #[serde(rename = "message", serialize_with = "text")]
    pub error: Option<AuthError>,
    /// The path in normal form, if it has one.
    pub path: Option<String>,
    /// The route that matched, as written in the policy.
    pub route: Option<String>,
    /// The permission it asks for.
    pub permission: Option<String>,
    /// The binding that did not hold, as `path.collection = /collections`: never a value.
    pub binding: Option<String>,
    /// Where the credential was found.
    pub location: Option<CredentialLocation>,
    /// The caller, if it was authenticated.
    pub principal: Option<Principal>,
}

fn text<S: Serializer>(error: &Option<AuthError>, serializer: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(ToString::to_string).serialize(serializer)
}

/// The log line of one decision.
#[derive(Serialize)]
struct LogLine<'r> {
    decision: &'static str,
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    reported: bool,
    status: Option<u16>,
    method: &'r str,
    route: Option<&'r str>,
    permission: Option<&'r str>,
    subject: Option<&'r str>,
    key_id: Option<&'r str>,
    request_id: &'r str,
}

impl Verdict {
    /// One line of JSON for the operator's log: decision, reason, route, subject, key; never a credential, and never
    /// the path itself, which the caller chose.
    pub fn log_line(&self, method: &str, request_id: &str) -> String {
        let diagnostics = &self.diagnostics;
        let (decision, status) = match (&self.decision, diagnostics.reason) {
            // A refusal that is only reported is written down like any other.
            (Decision::Allow(_), Some(reason)) => ("deny", Some(reason.status())),
            (Decision::Allow(_), None) => ("allow", None),
            (Decision::Deny(answer), _) => ("deny", Some(answer.status)),
            (Decision::Answer(answer), _) => ("answer", Some(answer.status)),
        };
        let principal = diagnostics.principal.as_ref();
        let line = LogLine {
            decision,
            reason: diagnostics.reason,
            reported: diagnostics.reported,
            status,
            method: log_method(method),
            route: diagnostics.route.as_deref(),
            permission: diagnostics.permission.as_deref(),
            subject: principal.map(|principal| principal.subject.as_str()),
            key_id: principal.and_then(|principal| principal.proof.key_id()),
            request_id,
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
