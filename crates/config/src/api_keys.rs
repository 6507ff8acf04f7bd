//! API keys: the pepper and the records.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::json::Pointer;
use portcullis::limits::PEPPER_BYTES;
use portcullis::parts::{ApiKeyRecord, ApiKeys, KeyHash, Pepper, Policy, attributes, carried};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{ApiKeyRecordDocument, RecordCredential};
use crate::record;
use crate::resolve::resolve;
use crate::roles::no_such_role;
use crate::secrets::RecordStore;

/// `Some(None)` if the document has no API keys.
#[allow(clippy::option_option, reason = "the outer option is success, the inner one is the setting")]
pub(crate) fn compile(
    context: &Context<'_>,
    policy: Option<&Policy>,
    handed_on: &[Pointer],
    diagnostics: &mut Diagnostics,
) -> Option<Option<ApiKeys>> {
    let Some(api_keys) = &context.document.api_keys else { return Some(None) };
    let before = diagnostics.error_count();
    let (system, credential) = (context.system, context.credential());
    // Where routes hand every credential on, what is said elsewhere does not count.
    let elsewhere = if context.has_forwarding_route() { CredentialHandling::Forward } else { credential };
    let is_forwarded =
        |record: &ApiKeyRecordDocument| match (record.credential, context.has_forwarding_route()) {
            (Some(RecordCredential::Swap), false) => false,
            (Some(_), _) => true,
            (None, _) => elsewhere == CredentialHandling::Forward,
        };
    let forwards_any = elsewhere == CredentialHandling::Forward || api_keys.records.iter().any(is_forwarded);
    if forwards_any && !system.accepts_api_keys {
        diagnostics.error(
            "/api_keys",
            format!(
                "{} accepts no API keys; set upstream.credential to \"swap\" so that it gets a token",
                system.name
            ),
        );
    }

    // An origin whose keys are known by their prefix issues them itself.
    let knows_its_own_only = !system.api_key_prefixes.is_empty();
    if knows_its_own_only && elsewhere == CredentialHandling::Forward && api_keys.lookup {
        diagnostics.error(
            "/api_keys/lookup",
            format!(
                "finds keys of the gate's own, which {} does not know; set upstream.credential to \"swap\"",
                system.name
            ),
        );
    }
    if api_keys.lookup {
        check_record_store(context.secrets.record_store(), diagnostics);
    }
    let pepper = match &api_keys.pepper {
        None => None,
        Some(secret) => {
            let secret = resolve(secret, PEPPER_BYTES, "/api_keys/pepper", context, diagnostics)?;
            Pepper::new(secret.expose())
        }
    };
    let mut records: Vec<ApiKeyRecord> = Vec::new();
    let (mut ids, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    let places = policy.map(|policy| policy.attributes.clone()).unwrap_or_default();
    for (index, written) in api_keys.records.iter().enumerate() {
        let place = format!("/api_keys/records/{index}");
        let record = match record::compile(written) {
            Ok(record) => record,
            Err((member, message)) => {
                diagnostics.error(format!("{place}/{member}"), message);
                continue;
            }
        };
        let only_its_own = knows_its_own_only && is_forwarded(written);
        if matches!(record.hash, KeyHash::Peppered(_)) && only_its_own {
            diagnostics.error(
                format!("{place}/hash"),
                format!(
                    "{} is handed the key as it came and knows none but its own, whose hashes begin with \"sha256:\"; set upstream.credential to \"swap\" for others",
                    system.name
                ),
            );
        }
        if context.published.has_key(record.hash) {
            diagnostics.error(format!("{place}/hash"), record::PUBLISHED_KEY);
        }
        if matches!(record.hash, KeyHash::Peppered(_)) && pepper.is_none() {
            diagnostics.error(
                "/api_keys/pepper",
                "records with \"hmac-sha256:\" hashes need the pepper they were made with",
            );
        }
        if let Some(claims) = &record.claims {
            let read = attributes(&places, claims).and_then(|_| carried(handed_on, claims));
            diagnostics.ok_or_report(&format!("{place}/claims"), read);
        }
        if !ids.insert(record.id.clone()) {
            diagnostics.error(format!("{place}/id"), "an earlier record has this identifier");
        }
        if !hashes.insert(record.hash) {
            diagnostics.error(format!("{place}/hash"), "an earlier record is for the same key");
        }
        if let Some(policy) = policy {
            for (position, role) in record.roles.iter().enumerate() {
                if policy.roles.get(role).is_none() {
                    diagnostics
                        .error(format!("{place}/roles/{position}"), no_such_role(role, policy.roles.names()));
                }
            }
        }
        records.push(record);
    }
    if api_keys.lookup && pepper.is_none() {
        diagnostics.error(
            "/api_keys/pepper",
            "looked-up records are checked under a pepper; name the secret that holds it",
        );
    }
    if diagnostics.error_count() > before {
        return None;
    }
    diagnostics
        .ok_or_report("/api_keys", ApiKeys::new(pepper, records, api_keys.lookup, places, handed_on.to_vec()))
        .map(Some)
}

/// Records are asked for: there must be somebody to ask.
fn check_record_store(store: RecordStore, diagnostics: &mut Diagnostics) {
    let remedy = "list the records under api_keys.records, and remove \"lookup\"";
    let message = match store {
        RecordStore::Available => return,
        RecordStore::Unsupported => format!("this host has no store to look records up in; {remedy}"),
        RecordStore::Missing(how) => {
            format!("this host has been given no store to look records up in; {how}; or {remedy}")
        }
    };
    diagnostics.error("/api_keys/lookup", message);
}
