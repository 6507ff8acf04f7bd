//! The answer to a request, as plain data for any host.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::credential::CredentialLocation;
use crate::error::AuthError;
use crate::handling::CredentialHandling;
use crate::policy_version::PolicyVersion;
use crate::principal::Principal;
use crate::reason::Reason;
use crate::unverified::Unverified;

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

/// What is known about a decision. Holds no credential.
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
    pub principal: Option<Arc<Principal>>,
    /// What the credential says about itself, if it was refused and could be read.
    #[serde(skip)]
    pub unverified: Option<Box<Unverified>>,
    /// The configuration by which it was decided; none if there was none.
    #[serde(skip)]
    pub policy: Option<PolicyVersion>,
}

fn text<S: Serializer>(error: &Option<AuthError>, serializer: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(ToString::to_string).serialize(serializer)
}

/// The header that tells by what the host knows a request, in lower case.
pub const REQUEST_ID: &str = "x-request-id";

impl Verdict {
    /// The same, with the identifier by which the host knows the request told to the origin and to the caller, in the header
    /// `X-Request-Id`: in the place of whatever the caller or the origin wrote there. For hosts that do not do so themselves.
    #[must_use]
    pub fn with_request_id(mut self, request_id: &str) -> Self {
        match &mut self.decision {
            Decision::Allow(forward) => {
                let header = || (REQUEST_ID.to_owned(), request_id.to_owned());
                forward.set_headers.push(header());
                forward.response_headers.push(header());
            }
            Decision::Deny(response) | Decision::Answer(response) => response.set_request_id(request_id),
        }
        self
    }
}

impl Response {
    /// Tells the caller the identifier by which the host knows the request, as [`Verdict::with_request_id`] does.
    pub fn set_request_id(&mut self, request_id: &str) {
        // Some origins' own errors have it already, and so has the refusal that looks like one.
        self.headers.retain(|(name, _)| name != REQUEST_ID);
        self.headers.push((REQUEST_ID.to_owned(), request_id.to_owned()));
    }
}
