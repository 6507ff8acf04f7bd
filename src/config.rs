//! The configuration: one JSON document, read once, into an immutable [`Gate`](crate::Gate).
//!
//! Unknown members, members that occur twice and settings that contradict each other are errors. Every error names its
//! place as a JSON pointer and says what to write instead; no error shows a secret.

mod bindings;
mod document;
mod issuers;
mod keys;
mod policy;
mod secrets;
mod upstream;
mod verification_keys;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize as _;

use crate::api_key::ApiKeyRecord;
use crate::credential::Places;
use crate::gate::Gate;
use crate::json::deserialize::Reader;
use crate::json::{self, Budget};
use crate::limits::{CONFIG_BYTES, TOKEN_BYTES, TOKEN_BYTES_MAX};
use crate::secret::Secrets;

use document::Document;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The place, as a JSON pointer (RFC 6901); empty for the document as a whole.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message } = self;
        if pointer.is_empty() {
            write!(f, "configuration: {message}")
        } else {
            write!(f, "{pointer}: {message}")
        }
    }
}

/// Something in a configuration that is no error and still worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigNotice {
    /// The place, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What was noticed.
    pub message: String,
}

impl fmt::Display for ConfigNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message } = self;
        write!(f, "{pointer}: {message}")
    }
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// The errors, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl core::error::Error for ConfigErrors {}

/// Collects errors while a document is compiled, so that one run reports them all.
struct Findings<'s> {
    secrets: &'s dyn Secrets,
    errors: Vec<ConfigError>,
    notices: Vec<ConfigNotice>,
}

impl Findings<'_> {
    fn notice(&mut self, pointer: impl ToString, message: impl ToString) {
        self.notices.push(ConfigNotice { pointer: pointer.to_string(), message: message.to_string() });
    }

    fn error(&mut self, pointer: impl ToString, message: impl ToString) {
        self.errors.push(ConfigError { pointer: pointer.to_string(), message: message.to_string() });
    }

    /// `value`, or the error at `pointer`.
    fn take<T, E: fmt::Display>(&mut self, pointer: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.error(pointer, error)).ok()
    }
}

/// Compiles a configuration document.
pub(crate) fn load(text: &[u8], secrets: &dyn Secrets) -> Result<Gate, ConfigErrors> {
    let document = parse(text).map_err(|error| ConfigErrors { errors: Vec::from([error]) })?;
    let mut findings = Findings { secrets, errors: Vec::new(), notices: Vec::new() };
    let gate = compile(&document, &mut findings);
    match gate {
        Some(gate) if findings.errors.is_empty() => Ok(gate),
        _ => {
            if findings.errors.is_empty() {
                findings.error("", "the document cannot be used");
            }
            Err(ConfigErrors { errors: findings.errors })
        }
    }
}

fn parse(text: &[u8]) -> Result<Document, ConfigError> {
    let whole = |message: String| ConfigError { pointer: String::new(), message };
    if text.len() > CONFIG_BYTES {
        return Err(whole(format!("the document is longer than {CONFIG_BYTES} bytes")));
    }
    if text.trim_ascii().is_empty() {
        return Err(whole(
            "the document is empty; the least one is {\"profile\": \"agentflow\", \"issuers\": […]}"
                .to_string(),
        ));
    }
    let value =
        json::parse(text, Budget::CONFIG).map_err(|error| whole(format!("not usable JSON: {error}")))?;
    Document::deserialize(Reader(&value))
        .map_err(|error| ConfigError { pointer: error.pointer(), message: error.message.clone() })
}

/// Reads one API-key record, as a host's store returns it.
pub(crate) fn parse_record(text: &[u8]) -> Option<ApiKeyRecord> {
    let value = json::parse(text, Budget::REQUEST).ok()?;
    document::ApiKeyRecordDocument::deserialize(Reader(&value)).ok()?.compile().ok()
}

fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Gate> {
    let profile = document.profile.get();
    let policy = policy::compile(document, profile, findings);
    let default_role =
        policy.as_ref().and_then(|policy| policy::default_role(document, profile, policy, findings));
    let attributes = policy.as_ref().map(|policy| policy.attributes.as_slice()).unwrap_or_default();
    let issuers = issuers::compile(document, profile, default_role.as_deref(), attributes, findings);
    let api_keys = keys::compile(document, policy.as_ref(), findings);
    let upstream = upstream::compile(document, profile, findings);
    let places = places(document, findings);
    if document.issuers.is_empty() && document.api_keys.is_none() {
        findings.error(
            "/issuers",
            "nothing can authenticate a caller; configure at least one issuer, or \"api_keys\"",
        );
    }
    let token_bytes = document.limits.token_bytes.unwrap_or(TOKEN_BYTES);
    if !(1..=TOKEN_BYTES_MAX).contains(&token_bytes) {
        findings.error("/limits/token_bytes", format!("must lie between 1 and {TOKEN_BYTES_MAX}"));
    }
    Some(Gate {
        dialect: profile.dialect,
        realm: profile.realm.to_string(),
        places: places?,
        issuers: issuers?,
        api_keys: api_keys?,
        policy: policy?,
        upstream: upstream?,
        token_bytes,
        cors: crate::gate::Cors {
            forward_preflight: document.cors.preflight == document::Preflight::Forward,
            allowed_origins: document.cors.allowed_origins.clone(),
        },
        reason_header: document.audit.reason_header,
        notices: core::mem::take(&mut findings.notices),
    })
}

fn places(document: &Document, findings: &mut Findings<'_>) -> Option<Places> {
    let profile = document.profile.get();
    let credentials = &document.credentials;
    let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let api_key_header = match &credentials.api_key_header {
        Some(name) => Some(header_name(name, "/credentials/api_key_header", findings)?),
        None => profile.api_key_header.map(ToString::to_string),
    };
    Some(Places {
        authorization: credentials.authorization,
        api_key_header,
        websocket_protocols: match &credentials.websocket_protocols {
            Some(sentinels) => sentinels.clone(),
            None => texts(profile.websocket_protocols),
        },
        query_parameter: match &credentials.websocket_query {
            Some(name) => Some(name.clone()).filter(|name| !name.is_empty()),
            None => profile.websocket_query.map(ToString::to_string),
        },
    })
}

/// A header name in lower case, or an error at `pointer`.
fn header_name(name: &str, pointer: &str, findings: &mut Findings<'_>) -> Option<String> {
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if name.is_empty() || !name.bytes().all(is_token) {
        findings.error(pointer, "not a header name; write one like \"X-API-Key\"");
        return None;
    }
    Some(name.to_ascii_lowercase())
}
