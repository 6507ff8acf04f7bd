//! The bundle: where it is fetched from, and how its payload is read.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::jose::{KeySet, VerificationKey};
use portcullis::json::{self, Budget};
use portcullis::jwk::{JwkSet, Source};
use portcullis::limits::{NUMERIC_DATE_MAX, STALE_SECS_MAX};
use portcullis::parts::{
    ApiKeyRecord, BUNDLE_ALGORITHMS, BundleContents, BundleSource, BundledIssuer, KeyHash, check_url,
};
use portcullis::{CredentialHandling, UnixTime};
use serde::Deserialize as _;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{BundleDocument, BundlePayload, IssuerDocument};
use crate::published::Published;
use crate::reader::Reader;
use crate::suggest::one_of;
use crate::{record, revoked, verification_keys};

/// `Some(None)` if the document has no bundle; the issuers whose keys are in it are not among its members.
#[allow(clippy::option_option, reason = "the outer option is success, the inner one is the setting")]
pub(crate) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Option<BundleSource>> {
    let Some(written) = &context.document.bundle else { return Some(None) };
    let before = diagnostics.error_count();
    if !context.secrets.sends_calls() {
        diagnostics.error(
            "/bundle",
            "this host fetches nothing while it runs, and nobody would get in; leave \"bundle\" out, and write its records and revocations here",
        );
    }
    if let Err(error) = check_url(&written.url) {
        diagnostics.error("/bundle/url", error.to_string());
    }
    if written.stale_secs > STALE_SECS_MAX {
        diagnostics
            .error("/bundle/stale_secs", format!("a whole number of seconds, at most {STALE_SECS_MAX}"));
    }
    check_own_keys(context, diagnostics);
    let keys = keys(written, context, diagnostics);
    if diagnostics.error_count() > before {
        return None;
    }
    Some(Some(BundleSource {
        url: written.url.clone(),
        keys: keys?,
        stale_secs: written.stale_secs,
        min_version: written.min_version,
        issuers: Vec::new(),
        read: bundle_contents,
    }))
}

/// Records of a bundle may be of keys that the origin is handed, as records that are looked up.
fn check_own_keys(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let has_pepper = context.document.api_keys.as_ref().is_some_and(|api_keys| api_keys.pepper.is_some());
    let is_forwarded = context.has_forwarding_route() || context.credential() == CredentialHandling::Forward;
    if has_pepper && is_forwarded && !context.system.api_key_prefixes.is_empty() {
        diagnostics.error(
            "/api_keys/pepper",
            format!(
                "a bundle could have keys of the gate's own, which {} does not know; leave the pepper out, or set upstream.credential to \"swap\"",
                context.system.name
            ),
        );
    }
}

/// The keys that a bundle may be signed with.
fn keys(written: &BundleDocument, context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<KeySet> {
    if written.keys.is_empty() {
        diagnostics.error(
            "/bundle/keys",
            "write the public key of whoever signs the bundle, as \"pem\" or \"jwk\"; `portcullis key generate` makes a pair",
        );
        return None;
    }
    let mut keys: Vec<VerificationKey> = Vec::new();
    for (index, key) in written.keys.iter().enumerate() {
        let place = format!("/bundle/keys/{index}");
        if key.secret.is_some() {
            diagnostics.error(
                format!("{place}/secret"),
                "a bundle is signed with a private key: with a shared secret, every gate could sign one",
            );
            continue;
        }
        let usable = verification_keys::keys_of_entry(key, &[], &place, context, diagnostics);
        for key in usable.unwrap_or_default() {
            if !BUNDLE_ALGORITHMS.contains(&key.algorithm()) {
                let names = BUNDLE_ALGORITHMS.map(|algorithm| algorithm.name());
                diagnostics.error(
                    &place,
                    format!("{} signs no bundle; use a key for {}", key.algorithm(), one_of(names.to_vec())),
                );
            }
            keys.push(key);
        }
    }
    verification_keys::check_choice(&keys, "/bundle", diagnostics);
    diagnostics.ok_or_report("/bundle/keys", KeySet::new(keys))
}

/// The issuer at `pointer`, whose keys are in the bundle.
pub(crate) fn issuer(
    issuer: &IssuerDocument,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<BundledIssuer> {
    let before = diagnostics.error_count();
    let members = issuer.jwks.as_ref().and_then(|set| set.as_object());
    if members
        .is_none_or(|members| members.len() != 1 || members.get("bundle") != Some(&json::Value::Bool(true)))
    {
        diagnostics.error(format!("{pointer}/jwks"), "write {\"bundle\": true}, and nothing besides");
    }
    if context.document.bundle.is_none() {
        diagnostics.error(
            format!("{pointer}/jwks/bundle"),
            "there is no bundle; say where it is: \"bundle\": {\"url\": …, \"keys\": […]}",
        );
    }
    if !issuer.keys.is_empty() || issuer.discover {
        let member = if issuer.discover { "discover" } else { "keys" };
        diagnostics.error(
            format!("{pointer}/{member}"),
            "the keys of this issuer are in the bundle; leave one of the two out",
        );
    }
    let algorithms = issuer.algorithms.clone().unwrap_or_default();
    if issuer.algorithms.as_ref().is_some_and(Vec::is_empty) {
        diagnostics.error(format!("{pointer}/algorithms"), "must not be empty; leave it out");
    }
    if let Some(secret) = algorithms.iter().find(|algorithm| algorithm.is_symmetric()) {
        diagnostics.error(
            format!("{pointer}/algorithms"),
            format!("{secret} takes a shared secret, and a bundle can be read by others"),
        );
    }
    let Some(name) = issuer.issuer.clone() else {
        diagnostics.error(
            format!("{pointer}/issuer"),
            "write the name of the issuer, under which the bundle has its keys",
        );
        return None;
    };
    (diagnostics.error_count() == before).then_some(BundledIssuer { name, algorithms })
}

/// The payload of a bundle.
///
/// # Errors
///
/// What is wrong with it, and where: a JSON pointer and a text, with nothing of what stands there.
pub fn bundle_contents(text: &[u8]) -> Result<BundleContents, String> {
    let value = json::parse(text, Budget::CONFIG).map_err(|error| format!("not usable JSON: {error}"))?;
    let written = BundlePayload::deserialize(Reader(&value))
        .map_err(|error| record::said(&error.pointer(), &error.message))?;
    if written.version == 0 {
        return Err("/version: counts from 1".to_owned());
    }
    if written.exp > NUMERIC_DATE_MAX {
        return Err("/exp: lies after the year 9999; write seconds since the epoch".to_owned());
    }
    if written.exp <= written.iat {
        return Err("/exp: must be later than \"iat\"".to_owned());
    }
    let published = Published::read();
    let mut records: Vec<ApiKeyRecord> = Vec::new();
    for (index, document) in written.records.iter().enumerate() {
        let said = |member: &str, why: &str| format!("/records/{index}/{member}: {why}");
        let record = record::compile(document).map_err(|(member, why)| said(member, why))?;
        if matches!(record.hash, KeyHash::Plain(_)) && published.has_key(record.hash) {
            return Err(said("hash", record::PUBLISHED_KEY));
        }
        if record.handling.is_some() {
            return Err(said("credential", "only a record in the configuration may have it"));
        }
        if records.iter().any(|earlier| earlier.id == record.id) {
            return Err(said("id", "an earlier record has this identifier"));
        }
        if records.iter().any(|earlier| earlier.hash == record.hash) {
            return Err(said("hash", "an earlier record is for the same key"));
        }
        records.push(record);
    }
    let mut diagnostics = Diagnostics::default();
    let revocations = revoked::of_bundle(&written.revoked, &mut diagnostics);
    if diagnostics.error_count() > 0 {
        let errors = diagnostics.into_errors();
        let first = errors.iter().next().map(|error| record::said(&error.pointer, &error.message));
        return Err(first.unwrap_or_default());
    }
    let mut key_sets: BTreeMap<String, JwkSet> = BTreeMap::new();
    for (issuer, set) in &written.jwks {
        let set = JwkSet::from_value(set, Source::Public);
        // The pointer would repeat the name, which is no secret.
        let set = set.map_err(|error| format!("{}: {error}", json::pointer_to(&["jwks", issuer])))?;
        key_sets.insert(issuer.to_owned(), set);
    }
    Ok(BundleContents {
        version: written.version,
        issued_at: UnixTime::from_secs(written.iat),
        expires_at: UnixTime::from_secs(written.exp),
        records,
        revocations,
        key_sets,
    })
}
