//! What crosses the boundary, as JSON.

use portcullis::trace::HypotheticalCaller;
use portcullis::{Call, CallTarget, Principal, Reason, SourceStatus, Verdict};
use portcullis_config::ConfigError;
use serde::{Deserialize, Serialize};

/// `value` as text; empty if it cannot be written, which `index.js` takes for the defect it would be.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// How a call ended: an object with one member, named after the variant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome<'a> {
    /// The decision is made.
    Decided {
        verdict: &'a Verdict,
        log: String,
    },
    /// A decision waits for a record, under a handle.
    NeedsRecord {
        handle: &'a str,
        key: &'a str,
    },
    /// A decision waits for revocations, under a handle.
    NeedsRevocations {
        handle: &'a str,
        keys: &'a [String],
    },
    /// A decision waits for a body, under a handle.
    NeedsBody {
        handle: &'a str,
        limit: usize,
    },
    /// A decision waits for the answer to a call, under a handle.
    NeedsCall {
        handle: &'a str,
        call: SentCall,
    },
    /// A decision waits for another, under a handle.
    NeedsWait {
        handle: &'a str,
        millis: u64,
    },
    /// A fetch that is due, by its handle.
    Fetch(Option<(String, SentCall)>),
    Notices(Vec<String>),
    Sources(Vec<SourceStatus>),
    /// A principal that a token proves, and the place for the object made of it, if that is to be kept.
    Principal(&'a Principal, Option<usize>),
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

/// A call as JavaScript sends it.
#[derive(Serialize)]
pub(crate) struct SentCall {
    method: &'static str,
    /// Either a URL, or path and query of the origin.
    url: Option<String>,
    origin: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
    millis: u64,
}

impl SentCall {
    pub(crate) fn new(call: &Call) -> Self {
        let (url, origin) = match call.target() {
            CallTarget::Url(url) => (Some(url.clone()), None),
            CallTarget::Origin(target) => (None, Some(target.clone())),
        };
        Self {
            method: call.method(),
            url,
            origin,
            headers: call.headers().to_vec(),
            body: call.body().to_string(),
            millis: call.timeout_secs().saturating_mul(1000),
        }
    }
}

/// What the policy knows a principal by, as `index.js` has kept it.
#[derive(Deserialize)]
pub(crate) struct Vouched {
    roles: Vec<String>,
    scopes: Option<Vec<String>>,
}

impl Vouched {
    pub(crate) fn caller(self) -> HypotheticalCaller {
        let caller = HypotheticalCaller::with_roles(self.roles);
        match self.scopes {
            Some(scopes) => caller.narrowed_to(scopes),
            None => caller,
        }
    }
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
