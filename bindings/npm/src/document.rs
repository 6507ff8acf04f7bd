//! What crosses the boundary, as JSON.

use portcullis::trace::HypotheticalCaller;
use portcullis::{Principal, Reason, Verdict};
use portcullis_config::ConfigError;
use serde::{Deserialize, Serialize};

/// `value` as text; empty if it cannot be written, which `index.js` takes for the defect it would be.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// How a call ended: an object with one member, named after the variant.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// A decision waits for a body, under a handle.
    NeedsBody {
        handle: &'a str,
        limit: usize,
    },
    Principal(&'a Principal),
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
