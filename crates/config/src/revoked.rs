//! What was taken back.

use alloc::format;
use alloc::string::String;

use portcullis::UnixTime;
use portcullis::parts::{KeyHash, Revocations};

use crate::diagnostics::Diagnostics;
use crate::document::RevokedDocument;
use crate::secrets::{RecordStore, Secrets};

/// Those of a document, which may ask the store of its host for others.
pub(crate) fn of_document(
    written: &RevokedDocument,
    secrets: &dyn Secrets,
    diagnostics: &mut Diagnostics,
) -> Revocations {
    if written.lookup {
        check_store(secrets.revocation_store(), diagnostics);
    }
    Revocations { lookup: written.lookup, ..compile(written, diagnostics) }
}

/// Those of a bundle, which says nothing about the host.
pub(crate) fn of_bundle(written: &RevokedDocument, diagnostics: &mut Diagnostics) -> Revocations {
    if written.lookup {
        diagnostics
            .error("/revoked/lookup", "belongs into the configuration: a bundle names no store of the host");
    }
    compile(written, diagnostics)
}

fn compile(written: &RevokedDocument, diagnostics: &mut Diagnostics) -> Revocations {
    let mut revocations = Revocations::default();
    for token in &written.tokens {
        revocations.tokens.entry(token.issuer.clone()).or_default().insert(token.jti.clone());
    }
    for session in &written.sessions {
        revocations.sessions.entry(session.issuer.clone()).or_default().insert(session.sid.clone());
    }
    let mut instant = |text: &str, place: String| {
        let time = UnixTime::from_rfc3339(text);
        if time.is_none() {
            diagnostics.error(place, "write an instant in UTC, like \"2026-12-31T23:59:59Z\"");
        }
        time
    };
    for (index, subject) in written.subjects.iter().enumerate() {
        if let Some(before) = instant(&subject.before, format!("/revoked/subjects/{index}/before")) {
            let end = revocations.subjects.entry(subject.subject.clone()).or_insert(before);
            *end = before.max(*end);
        }
    }
    for (index, issuer) in written.issuers.iter().enumerate() {
        if let Some(before) = instant(&issuer.before, format!("/revoked/issuers/{index}/before")) {
            let end = revocations.issuers.entry(issuer.issuer.clone()).or_insert(before);
            *end = before.max(*end);
        }
    }
    revocations.api_keys.extend(written.api_keys.iter().cloned());
    for (index, text) in written.credentials.iter().enumerate() {
        match KeyHash::parse(text) {
            Some(KeyHash::Plain(digest)) => {
                revocations.credentials.insert(digest);
            }
            // Not repeated: it may be the credential itself.
            _ => diagnostics.error(
                format!("/revoked/credentials/{index}"),
                "write \"sha256:\" and 64 hexadecimal digits, as `portcullis api-key hash` prints them; never the credential itself",
            ),
        }
    }
    revocations
}

/// Revocations are asked for: there must be somebody to ask.
fn check_store(store: RecordStore, diagnostics: &mut Diagnostics) {
    let remedy = "list what was taken back under \"revoked\" itself, and remove \"lookup\"";
    let message = match store {
        RecordStore::Available => return,
        RecordStore::Unsupported => format!("this host has no store to look revocations up in; {remedy}"),
        RecordStore::Missing(how) => {
            format!("this host has been given no store to look revocations up in; {how}; or {remedy}")
        }
    };
    diagnostics.error("/revoked/lookup", message);
}
