//! Keys of issuers that are fetched.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::jose::Algorithm;
use portcullis::json::{Number, Value};
use portcullis::limits::{STALE_SECS, STALE_SECS_MAX};
use portcullis::parts::{KeySource, SourcePlace, check_url};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::IssuerDocument;
use crate::suggest::one_of;

/// The members of `jwks` where that is an address.
const MEMBERS: [&str; 2] = ["url", "stale_secs"];

/// Where the keys of `issuer` are fetched from; `pointer` is its place.
pub(crate) fn compile(
    issuer: &IssuerDocument,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<KeySource> {
    let before = diagnostics.error_count();
    let algorithms: Vec<Algorithm> = issuer.algorithms.clone().unwrap_or_default();
    if issuer.algorithms.as_ref().is_some_and(Vec::is_empty) {
        diagnostics.error(format!("{pointer}/algorithms"), "must not be empty; leave it out");
    }
    if let Some(secret) = algorithms.iter().find(|algorithm| algorithm.is_symmetric()) {
        diagnostics.error(
            format!("{pointer}/algorithms"),
            format!("{secret} takes a shared secret, and what is fetched can be read by others"),
        );
    }
    if !context.secrets.sends_calls() {
        let member = if issuer.discover { "discover" } else { "jwks/url" };
        diagnostics.error(
            format!("{pointer}/{member}"),
            "this host fetches nothing while it runs; write the JWK Set itself under \"jwks\", and again when its keys change",
        );
    }
    if !issuer.keys.is_empty() {
        diagnostics.error(
            format!("{pointer}/keys"),
            "the keys of this issuer are fetched; leave \"keys\" out, or write all of them here",
        );
    }
    let (place, stale_secs) = match (&issuer.jwks, issuer.discover) {
        (Some(_), true) => {
            diagnostics.error(
                format!("{pointer}/discover"),
                "\"jwks\" already says where the keys are; leave one of the two out",
            );
            return None;
        }
        (Some(set), false) => set_at(set, &format!("{pointer}/jwks"), diagnostics)?,
        (None, _) => (SourcePlace::Metadata(issuer_url(issuer, pointer, diagnostics)?), STALE_SECS),
    };
    let source = KeySource { place, algorithms, stale_secs };
    (diagnostics.error_count() == before).then_some(source)
}

/// The name of an issuer that is discovered by it.
fn issuer_url(issuer: &IssuerDocument, pointer: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let Some(name) = &issuer.issuer else {
        diagnostics.error(
            format!("{pointer}/issuer"),
            "\"discover\" needs the name of the issuer, which is the URL its metadata are found under",
        );
        return None;
    };
    if let Err(error) = check_url(name) {
        diagnostics.error(format!("{pointer}/issuer"), format!("{error}, or \"discover\" cannot find it"));
        return None;
    }
    if name.contains('?') {
        diagnostics.error(
            format!("{pointer}/issuer"),
            "the URL of an issuer that is discovered has no query (RFC 8414 section 2)",
        );
        return None;
    }
    Some(name.clone())
}

/// `{"url": …, "stale_secs": …}`
fn set_at(set: &Value, pointer: &str, diagnostics: &mut Diagnostics) -> Option<(SourcePlace, u64)> {
    let members = set.as_object()?;
    if members.contains_key("keys") {
        diagnostics.error(
            format!("{pointer}/url"),
            "a JWK Set is written here, or fetched; leave out \"url\" or \"keys\"",
        );
        return None;
    }
    if let Some(name) = members.keys().find(|name| !MEMBERS.contains(name)) {
        diagnostics.error(
            format!("{pointer}/{name}"),
            format!("unknown member; members here are {}", one_of(MEMBERS.to_vec())),
        );
        return None;
    }
    let url = members.get("url").and_then(Value::as_str).map(ToOwned::to_owned);
    let Some(url) = url else {
        diagnostics.error(format!("{pointer}/url"), "write the URL of the JWK Set, as text");
        return None;
    };
    if let Err(error) = check_url(&url) {
        diagnostics.error(format!("{pointer}/url"), error.to_string());
        return None;
    }
    let stale_secs = match members.get("stale_secs") {
        None => STALE_SECS,
        Some(Value::Number(Number::Unsigned(secs))) if *secs <= STALE_SECS_MAX => *secs,
        Some(_) => {
            diagnostics.error(
                format!("{pointer}/stale_secs"),
                format!("a whole number of seconds, at most {STALE_SECS_MAX}"),
            );
            return None;
        }
    };
    Some((SourcePlace::Set(url), stale_secs))
}
