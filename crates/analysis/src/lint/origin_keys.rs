//! Lints of the keys that the origin gets in the place of credentials.

use portcullis::CredentialHandling;
use portcullis::parts::{KEY_SUBJECT, OriginKeys, Replacement};
use portcullis_config::document::{ApiKeyRecordDocument, RecordCredential};
use portcullis_config::{Configuration, DiagnosticList, Lint};

use crate::caller::default_role;

/// The member.
const PLACE: &str = "/upstream/origin_key";

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let Configuration { document, gate, .. } = configuration;
    let upstream = &gate.parts().upstream;
    let Some(Replacement::Key(keys)) = &upstream.replacement else { return };
    let swaps = upstream.credential == CredentialHandling::Replace;
    let records = document.api_keys.iter().flat_map(|api_keys| &api_keys.records);
    for (index, record) in records.enumerate() {
        let is_swapped = match record.credential {
            Some(RecordCredential::Swap) => true,
            Some(RecordCredential::Forward) => false,
            None => swaps,
        };
        if is_swapped && !has_key(keys, record) {
            diagnostics.push(
                Lint::OriginKeyUnassigned,
                format!("/api_keys/records/{index}"),
                format!("no entry of {PLACE} is for this key"),
            );
        }
    }
    let others = |role: &str| {
        keys.iter().all(|assigned| assigned.holder.role.as_deref().is_some_and(|named| named != role))
    };
    if let Some(role) = default_role(gate).filter(|role| swaps && others(role)) {
        diagnostics.push(
            Lint::OriginKeyUnassigned,
            PLACE,
            format!(
                "every entry is for another role than \"{role}\", which callers have whose tokens name none"
            ),
        );
    }
    if document.issuers.len() > 1 && keys.iter().any(|assigned| assigned.holder.tenant.is_some()) {
        diagnostics.push(
            Lint::CarriedClaimsShared,
            PLACE,
            "any of the issuers can write the tenant that a key is for",
        );
    }
}

fn has_key(keys: &OriginKeys, record: &ApiKeyRecordDocument) -> bool {
    let subject = record.owner.clone().unwrap_or_else(|| format!("{KEY_SUBJECT}{}", record.id));
    keys.for_caller(&subject, record.tenant.as_deref(), &record.roles).is_some()
}
