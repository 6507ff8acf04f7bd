//! Records of API keys: in a document, and as a host's store returns them.

use alloc::format;
use alloc::string::String;

use portcullis::CredentialHandling;
use portcullis::api_key::{RecordLookup, is_label};
use portcullis::json::{self, Budget};
use portcullis::limits::NUMERIC_DATE_MAX;
use portcullis::parts::{ApiKeyRecord, KeyHash};
use serde::Deserialize as _;

use crate::document::{ApiKeyRecordDocument, InstantDocument, RecordCredential};
use crate::published::Published;
use crate::reader::Reader;

/// What a host's store returned for the record of an API key: one element of `api_keys.records`, as a text by itself.
///
/// A text that cannot be read is [`RecordLookup::Unusable`]: nobody could say what the record is, and a request is refused
/// without a word about its credential. So is one with `credential`, which only a document may say. The operator is told the
/// member, and none of its content.
pub fn api_key_record(text: &[u8]) -> RecordLookup {
    let read = || {
        let value =
            json::parse(text, Budget::REQUEST).map_err(|error| format!("not usable JSON: {error}"))?;
        let written = ApiKeyRecordDocument::deserialize(Reader(&value))
            .map_err(|error| said(&error.pointer(), &error.message))?;
        let record = compile(&written).map_err(|(member, why)| said(&format!("/{member}"), why))?;
        // SECURITY: anybody could send it. Only keys of other systems are printed, and only they take the list.
        if matches!(record.hash, KeyHash::Plain(_)) && Published::read().has_key(record.hash) {
            return Err(said("/hash", PUBLISHED_KEY));
        }
        // Whether the origin knows such keys is asked when a document is loaded, and not here.
        if record.handling.is_some() {
            return Err(said("/credential", "only a record in the document may have it"));
        }
        Ok(record)
    };
    read().map_or_else(RecordLookup::Unusable, RecordLookup::Found)
}

/// What is wrong with the hash of a published key.
pub(crate) const PUBLISHED_KEY: &str =
    "the hash of an API key that a guide prints, which anybody can send; issue a new key, and write its hash";

/// A text about the value at `pointer`.
pub(crate) fn said(pointer: &str, message: &str) -> String {
    if pointer.is_empty() { String::from(message) } else { format!("{pointer}: {message}") }
}

/// The record, or which member is wrong and why.
pub(crate) fn compile(written: &ApiKeyRecordDocument) -> Result<ApiKeyRecord, (&'static str, &'static str)> {
    let hash = KeyHash::parse(&written.hash)
        .ok_or(("hash", "write \"hmac-sha256:\" or \"sha256:\" and 64 hexadecimal digits"))?;
    if matches!(hash, KeyHash::Peppered(_)) && !is_label(&written.id) {
        return Err(("id", "the identifier inside a key is 1 to 64 ASCII letters and digits"));
    }
    if written.id.is_empty() {
        return Err(("id", "must not be empty"));
    }
    if written.claims.as_ref().is_some_and(|claims| claims.as_object().is_none()) {
        return Err(("claims", "must be an object, like the claims of a token"));
    }
    if written.expires_at.is_some_and(|InstantDocument(end)| end.as_secs() > NUMERIC_DATE_MAX) {
        return Err((
            "expires_at",
            "lies after the year 9999; write seconds since the epoch, not milliseconds",
        ));
    }
    let handling = written.credential.map(|credential| match credential {
        RecordCredential::Forward => CredentialHandling::Forward,
        RecordCredential::Swap => CredentialHandling::Replace,
    });
    Ok(ApiKeyRecord {
        id: written.id.clone(),
        hash,
        roles: written.roles.clone(),
        scopes: written.scopes.clone(),
        tenant: written.tenant.clone(),
        owner: written.owner.clone().filter(|owner| !owner.is_empty()),
        claims: written.claims.clone(),
        handling,
        expires_at: written.expires_at.map(|InstantDocument(end)| end),
        disabled: written.disabled,
    })
}
