//! API keys: the pepper and the records.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::document::Document;
use super::policy::no_such_role;
use super::{Findings, secrets};
use crate::api_key::{ApiKeyRecord, ApiKeys, KeyHash, Pepper};
use crate::claims::attributes;
use crate::limits::PEPPER_BYTES;
use crate::policy::Policy;
use crate::upstream::CredentialFate;

/// `Some(None)` if the document has no API keys.
#[allow(clippy::option_option, reason = "the outer option is success, the inner one is the setting")]
pub(super) fn compile(
    document: &Document,
    policy: Option<&Policy>,
    findings: &mut Findings<'_>,
) -> Option<Option<ApiKeys>> {
    let Some(api_keys) = &document.api_keys else { return Some(None) };
    let profile = document.profile.get();
    let fate = document.upstream.credential.unwrap_or(profile.credential);
    if fate == CredentialFate::Forward && !profile.origin_accepts_api_keys {
        findings.error(
            "/api_keys",
            format!(
                "{} accepts no API keys; set upstream.credential to \"swap\" so that it gets a token",
                profile.system
            ),
        );
    }

    // An origin whose keys are known by their prefix issues them itself.
    let only_its_own = fate == CredentialFate::Forward && !profile.api_key_prefixes.is_empty();
    if only_its_own && api_keys.lookup {
        findings.error(
            "/api_keys/lookup",
            format!(
                "finds keys of the gate's own, which {} does not know; set upstream.credential to \"swap\"",
                profile.system
            ),
        );
    }
    let pepper = match &api_keys.pepper {
        None => None,
        Some(secret) => {
            let secret = secrets::resolve(secret, PEPPER_BYTES, "/api_keys/pepper", findings)?;
            Pepper::new(secret.expose())
        }
    };
    let mut records: Vec<ApiKeyRecord> = Vec::new();
    let (mut ids, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    let places = policy.map(|policy| policy.attributes.clone()).unwrap_or_default();
    for (index, written) in api_keys.records.iter().enumerate() {
        let place = format!("/api_keys/records/{index}");
        let record = match written.compile() {
            Ok(record) => record,
            Err((member, message)) => {
                findings.error(format!("{place}/{member}"), message);
                continue;
            }
        };
        if matches!(record.hash, KeyHash::Peppered(_)) && only_its_own {
            findings.error(
                format!("{place}/hash"),
                format!(
                    "{} is handed the key as it came and knows none but its own, whose hashes begin with \"sha256:\"; set upstream.credential to \"swap\" for others",
                    profile.system
                ),
            );
        }
        if matches!(record.hash, KeyHash::Peppered(_)) && pepper.is_none() {
            findings.error(
                "/api_keys/pepper",
                "records with \"hmac-sha256:\" hashes need the pepper they were made with",
            );
        }
        if let Some(Err(error)) = record.claims.as_ref().map(|claims| attributes(&places, claims)) {
            findings.error(format!("{place}/claims"), error);
        }
        if !ids.insert(record.id.clone()) {
            findings.error(format!("{place}/id"), "an earlier record has this identifier");
        }
        if !hashes.insert(record.hash) {
            findings.error(format!("{place}/hash"), "an earlier record is for the same key");
        }
        if let Some(policy) = policy {
            for (position, role) in record.roles.iter().enumerate() {
                if policy.roles.get(role).is_none() {
                    findings
                        .error(format!("{place}/roles/{position}"), no_such_role(role, policy.roles.names()));
                }
            }
        }
        records.push(record);
    }
    if api_keys.lookup && pepper.is_none() {
        findings.error(
            "/api_keys/pepper",
            "looked-up records are checked under a pepper; name the secret that holds it",
        );
    }
    Some(Some(ApiKeys::new(pepper, records, api_keys.lookup, places)))
}
