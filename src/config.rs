//! The configuration: one JSON document, read once, into an immutable [`Gate`](crate::Gate).
//!
//! Unknown members, members that occur twice and settings that contradict each other are errors. Every error names its
//! place as a JSON pointer and says what to write instead; no error shows a secret.

mod bindings;
mod document;
mod issuers;
mod keys;
mod lint;
mod policy;
#[cfg(feature = "schema")]
mod schema;
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
use crate::json::{self, Budget, JsonError, Position, Value};
use crate::limits::{CONFIG_BYTES, CONFIG_FINDINGS, TOKEN_BYTES, TOKEN_BYTES_MAX};
use crate::profile::Profile;
use crate::secret::Secrets;
use crate::upstream::CredentialFate;

use document::Document;

pub use lint::{Lint, Severity};
#[cfg(feature = "schema")]
pub use schema::schema;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The place, as a JSON pointer (RFC 6901); empty for the document as a whole.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
    /// Where the text stops being JSON, if it does.
    position: Option<Position>,
}

impl ConfigError {
    /// The place in `document`, the text that was loaded: that of the value the pointer names, or of the nearest one
    /// around it; or where the text stops being JSON.
    pub fn position(&self, document: &[u8]) -> Position {
        self.position.unwrap_or_else(|| json::locate(document, &self.pointer))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, .. } = self;
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
    /// The rule that noticed it: it has a code, a severity, and tells why it matters and what to do.
    pub lint: Lint,
    /// The place, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What was noticed.
    pub message: String,
}

impl ConfigNotice {
    /// The place in `document`, the text that was loaded.
    pub fn position(&self, document: &[u8]) -> Position {
        json::locate(document, &self.pointer)
    }
}

impl fmt::Display for ConfigNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, .. } = self;
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
    /// How many errors there are that are not in the list.
    more_errors: usize,
    /// How many notices there are that are not in the list.
    more_notices: usize,
}

impl<'s> Findings<'s> {
    fn new(secrets: &'s dyn Secrets) -> Self {
        Self { secrets, errors: Vec::new(), notices: Vec::new(), more_errors: 0, more_notices: 0 }
    }

    fn notice(&mut self, lint: Lint, pointer: impl ToString, message: impl ToString) {
        self.notice_with(lint, || (pointer.to_string(), message.to_string()));
    }

    /// A notice whose pointer and message are put together only if it goes into the list.
    fn notice_with(&mut self, lint: Lint, make: impl FnOnce() -> (String, String)) {
        if self.notices.len() >= CONFIG_FINDINGS {
            self.more_notices = self.more_notices.saturating_add(1);
            return;
        }
        let (pointer, message) = make();
        self.notices.push(ConfigNotice { lint, pointer, message });
    }

    fn error(&mut self, pointer: impl ToString, message: impl ToString) {
        if self.errors.len() >= CONFIG_FINDINGS {
            self.more_errors = self.more_errors.saturating_add(1);
            return;
        }
        let (pointer, message) = (pointer.to_string(), message.to_string());
        self.errors.push(ConfigError { pointer, message, position: None });
    }

    /// How many errors have been found so far.
    fn error_count(&self) -> usize {
        self.errors.len().saturating_add(self.more_errors)
    }

    fn into_errors(mut self) -> ConfigErrors {
        if self.more_errors > 0 {
            let message = format!("there are {} more errors; mend these first", self.more_errors);
            self.errors.push(ConfigError { pointer: String::new(), message, position: None });
        }
        ConfigErrors { errors: self.errors }
    }

    fn take_notices(&mut self) -> Vec<ConfigNotice> {
        let mut notices = core::mem::take(&mut self.notices);
        if self.more_notices > 0 {
            let message = format!("there are {} more notices", self.more_notices);
            notices.push(ConfigNotice { lint: Lint::MoreNotices, pointer: String::new(), message });
        }
        notices
    }

    /// `value`, or the error at `pointer`.
    fn take<T, E: fmt::Display>(&mut self, pointer: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.error(pointer, error)).ok()
    }
}

/// Compiles a configuration document.
pub(crate) fn load(text: &[u8], secrets: &dyn Secrets) -> Result<Gate, ConfigErrors> {
    let one = |error| ConfigErrors { errors: Vec::from([error]) };
    let value = parse(text).map_err(one)?;
    let document = read(&value).map_err(one)?;
    let mut findings = Findings::new(secrets);
    policy::check_sizes(&document, &mut findings);
    if !findings.errors.is_empty() {
        return Err(findings.into_errors());
    }
    lint::check_secrets(&value, &mut findings);
    drop(value);
    let gate = compile(&document, &mut findings);
    match gate {
        Some(gate) if findings.errors.is_empty() => Ok(gate),
        _ => {
            if findings.errors.is_empty() {
                findings.error("", "the document cannot be used");
            }
            Err(findings.into_errors())
        }
    }
}

fn parse(text: &[u8]) -> Result<Value, ConfigError> {
    let whole = |message: String| ConfigError { pointer: String::new(), message, position: None };
    if text.len() > CONFIG_BYTES {
        return Err(whole(format!("the document is longer than {CONFIG_BYTES} bytes")));
    }
    if text.trim_ascii().is_empty() {
        return Err(whole(
            "the document is empty; the least one is {\"profile\": \"agentflow\", \"issuers\": […]}"
                .to_string(),
        ));
    }
    json::parse(text, Budget::CONFIG).map_err(|error| {
        let JsonError::Syntax { line, column, .. } = error;
        // A text that ends too early ends in column 0 of a line that is not there.
        let position = Some(Position { line: line.max(1), column: column.max(1) });
        ConfigError { position, ..whole(format!("not usable JSON: {error}")) }
    })
}

fn read(value: &Value) -> Result<Document, ConfigError> {
    Document::deserialize(Reader(value)).map_err(|error| ConfigError {
        pointer: error.pointer(),
        message: error.message.clone(),
        position: None,
    })
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
    let issuers = issuers::compile(document, profile, default_role.as_deref(), policy.as_ref(), findings);
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
    if let Some(policy) = policy.as_ref().filter(|_| findings.errors.is_empty()) {
        lint::check(document, profile, policy, findings);
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
        mode: document.mode,
        notices: findings.take_notices(),
    })
}

fn places(document: &Document, findings: &mut Findings<'_>) -> Option<Places> {
    let profile = document.profile.get();
    let credentials = &document.credentials;
    let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let api_key_header = match &credentials.api_key_header {
        Some(name) => {
            let name = header_name(name, "/credentials/api_key_header", findings)?;
            check_key_header(&name, document, profile, findings);
            Some(name)
        }
        None => profile.api_key_header.map(ToString::to_string),
    };
    Some(Places {
        authorization: credentials.authorization,
        api_key_header,
        api_key_prefixes: texts(profile.api_key_prefixes),
        bare_authorization: profile.bare_authorization,
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

/// An origin that does harm without a credential must find the one that is handed on to it.
fn check_key_header(name: &str, document: &Document, profile: &Profile, findings: &mut Findings<'_>) {
    let fate = document.upstream.credential.unwrap_or(profile.credential);
    if fate == CredentialFate::Forward
        && profile.strip_refused.is_some()
        && profile.api_key_header != Some(name)
    {
        let known = profile.api_key_header.unwrap_or("authorization");
        findings.error(
            "/credentials/api_key_header",
            format!(
                "{} finds a key that is handed on in \"{known}\" alone; leave this out, or set upstream.credential to \"swap\"",
                profile.system
            ),
        );
    }
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
