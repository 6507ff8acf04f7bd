//! Credentials that stand in the document. What would be one in the place of a key or of the name of a secret is an
//! error already; this looks at every string, wherever it stands, and shows none.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use super::super::Findings;
use super::super::secrets::is_variable;
use super::Lint;
use crate::api_key::{self, ParsedKey};
use crate::base64url;
use crate::json::{self, Budget, Value, push_token};
use crate::limits::JOSE_HEADER_CHARS;
use crate::secret::is_placeholder;

/// Looks at every name and every string of a document.
pub(in crate::config) fn check(document: &Value, findings: &mut Findings<'_>) {
    look(document, &Place::Document, findings);
}

/// A place in a document.
enum Place<'p> {
    Document,
    Member(&'p Place<'p>, &'p str),
    Element(&'p Place<'p>, usize),
}

impl Place<'_> {
    /// As a JSON pointer.
    fn pointer(&self) -> String {
        match self {
            Self::Document => String::new(),
            Self::Member(outer, name) => {
                let mut pointer = outer.pointer();
                push_token(&mut pointer, name);
                pointer
            }
            Self::Element(outer, index) => {
                let mut pointer = outer.pointer();
                push_token(&mut pointer, &index.to_string());
                pointer
            }
        }
    }
}

// Recursion is bounded by the depth of the document, which `CONFIG_DEPTH` bounds.
fn look(value: &Value, place: &Place<'_>, findings: &mut Findings<'_>) {
    let mut tell = |what: &str| {
        findings.notice_with(Lint::SecretInDocument, || {
            (place.pointer(), format!("{what} stands in the document"))
        });
    };
    match value {
        Value::String(text) => {
            // Some published secrets read like the name of a variable, and one may well be called so.
            let is_name = matches!(place, Place::Member(_, "env")) && is_variable(text);
            if let Some(what) = credential(text).filter(|_| !is_name) {
                tell(what);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                look(element, &Place::Element(place, index), findings);
            }
        }
        Value::Object(members) => {
            if is_private_jwk(members) {
                tell("a private or secret key (JWK)");
            }
            for (name, member) in members {
                match credential(name) {
                    // Every pointer to what is below would show it.
                    Some(what) => findings.notice_with(Lint::SecretInDocument, || {
                        (place.pointer(), format!("{what} stands in the document as the name of a member"))
                    }),
                    None => look(member, &Place::Member(place, name), findings),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether an object is a key of RFC 7517 with the member that must not be published.
fn is_private_jwk(members: &BTreeMap<String, Value>) -> bool {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match text("kty") {
        Some("oct") => text("k").is_some(),
        Some(_) => text("d").is_some(),
        None => false,
    }
}

/// What kind of credential a text is or contains.
fn credential(text: &str) -> Option<&'static str> {
    if is_placeholder(text.as_bytes()) {
        return Some("a published example of a secret");
    }
    if has_private_key(text) {
        return Some("a private key (PEM)");
    }
    let in_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c| !in_token(c)).find_map(token)
}

/// Whether a text contains the beginning of a private key
/// ([RFC 7468 section 2](https://www.rfc-editor.org/rfc/rfc7468#section-2), and the labels of OpenSSL and OpenPGP).
fn has_private_key(text: &str) -> bool {
    // Most texts have no hyphen, and are not searched.
    if !text.contains('-') {
        return false;
    }
    let labels = text.split("-----BEGIN ").skip(1).filter_map(|after| after.split("-----").next());
    let mut labels = labels.map(|label| label.strip_suffix(" BLOCK").unwrap_or(label));
    labels.any(|label| label.ends_with("PRIVATE KEY"))
}

/// What kind of credential a run of letters, digits, dots, hyphens and underscores is.
fn token(text: &str) -> Option<&'static str> {
    let secret = text.strip_prefix(RAGFLOW_PREFIX);
    if secret.is_some_and(|secret| secret.len() == RAGFLOW_CHARS && !secret.contains('.')) {
        return Some("an API key of RAGFlow");
    }
    if text.starts_with(api_key::PREFIX) && ParsedKey::parse(text).is_ok() {
        return Some("an API key");
    }
    // Three parts are signed, five encrypted (RFC 7515 section 7.1, RFC 7516 section 7.1).
    let (header, rest) = text.split_once('.')?;
    if header.len() > JOSE_HEADER_CHARS || ![2, 4].contains(&rest.split('.').take(5).count()) {
        return None;
    }
    let header = json::parse(&base64url::decode(header).ok()?, Budget::REQUEST).ok()?;
    header.as_object()?.get("alg")?.as_str().map(|_| "a token (JWT)")
}

/// What keys of RAGFlow since 0.22.0 begin with.
const RAGFLOW_PREFIX: &str = "ragflow-";

/// How many characters follow it: 32 octets in base64url.
const RAGFLOW_CHARS: usize = 43;
