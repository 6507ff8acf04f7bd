//! Credentials that stand in the document. What would be one in the place of a key or of the name of a secret is an
//! error already; this looks at every string, wherever it stands, and shows none.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use portcullis::api_key;
use portcullis::base64url;
use portcullis::json::{self, Budget, Members, Value, push_token};
use portcullis::limits::JOSE_HEADER_CHARS;

use crate::diagnostics::Diagnostics;
use crate::lint::Lint;
use crate::published::{Published, PublishedBySystem};
use crate::resolve::is_variable;

/// Looks at every name and every string of a document.
pub(crate) fn check(document: &Value, published: &Published, diagnostics: &mut Diagnostics) {
    Search { published, diagnostics }.look(document, &Place::Document);
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

struct Search<'s> {
    published: &'s Published,
    diagnostics: &'s mut Diagnostics,
}

impl Search<'_> {
    // Recursion is bounded by the depth of the document, which `CONFIG_DEPTH` bounds.
    fn look(&mut self, value: &Value, place: &Place<'_>) {
        match value {
            Value::String(text) => {
                // Some published secrets read like the name of a variable, and one may well be called so.
                let is_name = matches!(place, Place::Member(_, "env")) && is_variable(text);
                if let Some(what) = credential(text, self.published).filter(|_| !is_name) {
                    self.report(place, &format!("{what} stands in the document"));
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.look(element, &Place::Element(place, index));
                }
            }
            Value::Object(members) => {
                if is_private_jwk(members) {
                    self.report(place, "a private or secret key (JWK) stands in the document");
                }
                for (name, member) in members {
                    match credential(name, self.published) {
                        // Every pointer to what is below would show it.
                        Some(what) => self
                            .report(place, &format!("{what} stands in the document as the name of a member")),
                        None => self.look(member, &Place::Member(place, name)),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn report(&mut self, place: &Place<'_>, message: &str) {
        self.diagnostics.report_with(Lint::SecretInDocument, || (place.pointer(), message.to_string()));
    }
}

/// Whether an object is a key of RFC 7517 with the member that must not be published.
fn is_private_jwk(members: &Members) -> bool {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match text("kty") {
        Some("oct") => text("k").is_some(),
        Some(_) => text("d").is_some(),
        None => false,
    }
}

/// What kind of credential a text is or contains.
fn credential(text: &str, published: &Published) -> Option<Cow<'static, str>> {
    if published.contains(text.as_bytes()) {
        return Some("a published example of a secret".into());
    }
    if has_private_key(text) {
        return Some("a private key (PEM)".into());
    }
    let in_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c| !in_token(c)).find_map(|run| token(run, published))
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
fn token(text: &str, published: &Published) -> Option<Cow<'static, str>> {
    let is_key_of =
        |system: &&PublishedBySystem| system.key_form.as_ref().is_some_and(|form| form.fits(text));
    if let Some(system) = published.systems.iter().find(is_key_of) {
        return Some(format!("an API key of {}", system.name).into());
    }
    if api_key::is_key(text) {
        return Some("an API key".into());
    }
    // Three parts are signed, five encrypted (RFC 7515 section 7.1, RFC 7516 section 7.1).
    let (header, rest) = text.split_once('.')?;
    if header.len() > JOSE_HEADER_CHARS || ![2, 4].contains(&rest.split('.').take(5).count()) {
        return None;
    }
    let header = base64url::decode(header).ok()?;
    let header = json::parse(&header, Budget::REQUEST).ok()?;
    header.as_object()?.get("alg")?.as_str().map(|_| "a token (JWT)".into())
}
