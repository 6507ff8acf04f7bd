//! From the text of a document to a gate.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::{self, Budget, JsonError, Value};
use portcullis::limits::{CONFIG_BYTES, TOKEN_BYTES, TOKEN_BYTES_MAX};
use portcullis::parts::{BundleSource, GateParts, Upstream};
use portcullis::{Gate, PolicyVersion};
use serde::Deserialize as _;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::document::Document;
use crate::errors::{ConfigError, ConfigErrors};
use crate::issuers::Issuers;
use crate::locate::Position;
use crate::published::Published;
use crate::reader::Reader;
use crate::secrets::Secrets;
use crate::system::System;
use crate::{
    api_keys, bindings, bundle, cors, credentials, dangers, identity, issuers, limits, memory, policy,
    revoked, roles, secrets_in_document, syntax, upstream,
};

/// What a host needs of a configuration.
#[derive(Debug)]
pub struct Loaded {
    /// Decides about requests.
    pub gate: Gate,
    /// What is no error and still worth knowing. A host logs every one.
    pub diagnostics: Vec<Diagnostic>,
}

/// A configuration with the document it was compiled from, for tools that tell about either.
#[derive(Debug)]
pub struct Configuration {
    /// Decides about requests.
    pub gate: Gate,
    /// What compiling found that is no error and still worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    /// The document, as it is written.
    pub document: Document,
    /// What is known about the system it names.
    pub system: System,
}

/// Reads a configuration: a JSON document of at most [`CONFIG_BYTES`] that names its secrets, which `secrets` has.
///
/// # Errors
///
/// [`ConfigErrors`]: everything that is wrong with it, each with its place and what to do.
pub fn load(document: &[u8], secrets: &dyn Secrets) -> Result<Loaded, ConfigErrors> {
    let Configuration { gate, diagnostics, .. } = compile(document, secrets)?;
    Ok(Loaded { gate, diagnostics })
}

/// The same, with the document itself.
///
/// # Errors
///
/// As [`load`].
pub fn compile(document: &[u8], secrets: &dyn Secrets) -> Result<Configuration, ConfigErrors> {
    let value = parse(document)?;
    let document = read(&value)?;
    let mut diagnostics = Diagnostics::default();
    policy::check_sizes(&document, &mut diagnostics);
    if diagnostics.error_count() > 0 {
        return Err(diagnostics.into_errors());
    }
    let published = Published::read();
    secrets_in_document::check(&value, &published, &mut diagnostics);
    let written = written(&value);
    drop(value);
    let system = System::read(document.profile)?;
    let context = Context { document: &document, system: &system, secrets, published: &published };
    let gate = compile_gate(&context, &written, &mut diagnostics);
    match gate {
        Some(gate) if diagnostics.error_count() == 0 => {
            dangers::check(&context, &mut diagnostics);
            Ok(Configuration { gate, diagnostics: diagnostics.into_found(), document, system })
        }
        _ => Err(diagnostics.into_errors()),
    }
}

fn parse(text: &[u8]) -> Result<Value<'_>, ConfigError> {
    if text.len() > CONFIG_BYTES {
        return Err(ConfigError::new("", format!("the document is longer than {CONFIG_BYTES} bytes")));
    }
    if text.trim_ascii().is_empty() {
        let message =
            "the document is empty; the least one is {\"profile\": \"agentflow\", \"issuers\": […]}";
        return Err(ConfigError::new("", message));
    }
    json::parse(text, Budget::CONFIG).map_err(|error| {
        let JsonError::Syntax { line, column, message } = &error;
        // A text that ends too early ends in column 0 of a line that is not there.
        let position = Position { line: (*line).max(1), column: (*column).max(1) };
        let remedy = syntax::remedy(text, position, message);
        let message = format!("not usable JSON: {error}; {remedy}");
        ConfigError { position: Some(position), ..ConfigError::new("", message) }
    })
}

fn read(value: &Value) -> Result<Document, ConfigError> {
    Document::deserialize(Reader(value)).map_err(|error| ConfigError::new(error.pointer(), error.message))
}

/// The document as it is named after. That does not depend on how it is written: hosts hand it over as text, or as members
/// that they have read themselves.
fn written(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_default()
}

fn compile_gate(context: &Context<'_>, written: &[u8], diagnostics: &mut Diagnostics) -> Option<Gate> {
    let Context { document, system, .. } = context;
    let policy = policy::compile(context, diagnostics);
    let default_role: Option<String> =
        policy.as_ref().and_then(|policy| roles::default_role(context, &policy.roles, diagnostics));
    let revocations = revoked::of_document(&document.revoked, context.secrets, diagnostics);
    let failures = document.limits.failures.as_ref();
    let failures =
        failures.map(|written| limits::rate(written, "/limits/failures", context.secrets, diagnostics));
    let upstream = upstream::compile(context, policy.as_ref(), diagnostics);
    let carried = upstream.as_ref().map(Upstream::carried_places).unwrap_or_default();
    let issuers = issuers::compile(context, default_role.as_deref(), policy.as_ref(), &carried, diagnostics);
    let bundle = bundle::compile(context, diagnostics);
    let identity =
        identity::compile(context, default_role.as_deref(), policy.as_ref(), &carried, diagnostics);
    let api_keys = api_keys::compile(context, policy.as_ref(), &carried, diagnostics);
    let locations = credentials::compile(context, diagnostics);
    let cors = cors::compile(&document.cors, locations.as_ref(), diagnostics);
    if let (Some(policy), Some(upstream), Some(locations)) = (&policy, &upstream, &locations) {
        bindings::check_sent(document, policy, upstream, locations, diagnostics);
    }
    if document.issuers.is_empty() && document.api_keys.is_none() && document.identity.is_none() {
        diagnostics.error(
            "/issuers",
            "nothing can authenticate a caller; configure at least one issuer, \"api_keys\" or \"identity\"",
        );
    }
    let token_bytes = document.limits.token_bytes.unwrap_or(TOKEN_BYTES);
    if !(1..=TOKEN_BYTES_MAX).contains(&token_bytes) {
        diagnostics.error("/limits/token_bytes", format!("must lie between 1 and {TOKEN_BYTES_MAX}"));
    }
    let memory = memory::size(context, diagnostics);
    let shared = memory::shared(context, written, diagnostics);
    let Issuers { issuers, sources, bundled } = issuers?;
    let bundle = bundle?.map(|source| BundleSource { issuers: bundled, ..source });
    Some(Gate::new(GateParts {
        dialect: system.dialect,
        realm: system.realm.to_owned(),
        locations: locations?,
        issuers,
        sources,
        bundle,
        api_keys: api_keys?,
        identity,
        revocations,
        failures,
        memory,
        shared,
        policy: policy?,
        upstream: upstream?,
        token_bytes,
        cors,
        reason_header: document.audit.reason_header,
        mode: document.mode,
        version: PolicyVersion::of(written),
    }))
}
