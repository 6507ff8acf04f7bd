//! Cross-origin requests: whose scripts may do what.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use portcullis::limits::PREFLIGHT_SECS;
use portcullis::parts::{AUTHORIZATION, Cors, CredentialLocations, Governance, Preflight};

use crate::diagnostics::Diagnostics;
use crate::document::{CorsDocument, PreflightDocument};
use crate::header_name::header_name;
use crate::origin;

/// How long the answer to a preflight is remembered unless the document says so, in seconds.
const MAX_AGE_SECS: u64 = 600;

/// How the document treats cross-origin requests; `locations` are where a credential may stand.
pub(crate) fn compile(
    document: &CorsDocument,
    locations: Option<&CredentialLocations>,
    diagnostics: &mut Diagnostics,
) -> Cors {
    for (index, written) in document.allowed_origins.iter().enumerate().filter(|(_, text)| *text != "*") {
        diagnostics.ok_or_report(&format!("/cors/allowed_origins/{index}"), origin::check(written));
    }
    if document.allow_credentials && document.allowed_origins.iter().any(|origin| origin == "*") {
        diagnostics.error(
            "/cors/allow_credentials",
            "scripts of every site would act as whoever visits it; list the origins instead of \"*\"",
        );
    }
    let preflight = match document.preflight {
        PreflightDocument::Forward => Preflight::Forward,
        PreflightDocument::Refuse => Preflight::Refuse,
        PreflightDocument::Answer => Preflight::Answer(governance(document, locations, diagnostics)),
    };
    if document.preflight != PreflightDocument::Answer {
        check_governs_nothing(document, diagnostics);
    }
    Cors {
        preflight,
        allowed_origins: document.allowed_origins.clone(),
        allow_credentials: document.allow_credentials,
    }
}

fn governance(
    document: &CorsDocument,
    locations: Option<&CredentialLocations>,
    diagnostics: &mut Diagnostics,
) -> Governance {
    let max_age_secs = document.max_age_secs.unwrap_or(MAX_AGE_SECS);
    if max_age_secs > PREFLIGHT_SECS {
        diagnostics.error("/cors/max_age_secs", format!("must be at most {PREFLIGHT_SECS} seconds"));
    }
    let allowed = document.allowed_headers.as_deref();
    let exposed = document.expose_headers.as_deref().unwrap_or_default();
    Governance {
        allowed_headers: match allowed {
            Some(written) => names(written, "/cors/allowed_headers", diagnostics),
            None => locations.map(needed_headers).unwrap_or_default(),
        },
        exposed_headers: names(exposed, "/cors/expose_headers", diagnostics),
        max_age_secs,
    }
}

/// What a script needs to present a credential and to send JSON.
fn needed_headers(locations: &CredentialLocations) -> Vec<String> {
    let authorization = locations.authorization.then(|| AUTHORIZATION.to_string());
    authorization
        .into_iter()
        .chain(locations.api_key_header.clone())
        .chain(["content-type".to_string()])
        .collect()
}

fn names(written: &[String], pointer: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (index, name) in written.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if name == "*" {
            diagnostics.error(
                pointer,
                "browsers take \"*\" for no `Authorization` header and for no request with credentials; list the names",
            );
            continue;
        }
        names.extend(header_name(name, &pointer, diagnostics).filter(|name| !names.contains(name)));
    }
    names
}

/// Members that only count where the gate governs.
fn check_governs_nothing(document: &CorsDocument, diagnostics: &mut Diagnostics) {
    for (member, is_written) in [
        ("allowed_headers", document.allowed_headers.is_some()),
        ("expose_headers", document.expose_headers.is_some()),
        ("max_age_secs", document.max_age_secs.is_some()),
    ] {
        if is_written {
            diagnostics.error(
                format!("/cors/{member}"),
                "has no effect unless the gate answers preflights; set \"preflight\" to \"answer\", or remove this",
            );
        }
    }
}
