//! Lints: settings that are no error and still deserve a second look.
//!
//! A lint stays silent where it would have to guess. Roles that nobody holds cannot be told from a document that lets
//! tokens in, since tokens bring them. Of routes, no single one hides another: two of the same shape are an error, and
//! a parameter or the rest of a path always matches something that no literal beside it does. Several together can
//! hide one that ends in a rest, and only such a one; see [`Routes::hidden`](crate::policy::Routes::hidden).

mod roles;
mod routes;
mod secrets;
mod table;

use alloc::format;

use super::Findings;
use super::document::{Document, IssuerDocument};
use crate::gate::Mode;
use crate::limits::LEEWAY_SECS;
use crate::policy::Policy;
use crate::profile::{Profile, TokenProfileName};

pub(super) use secrets::check as check_secrets;
pub use table::{Lint, Severity};

/// A day, in seconds: the age beyond which a token counts as long-lived.
const DAY_SECS: u64 = 86_400;

/// Looks over a document that has no errors.
pub(super) fn check(document: &Document, profile: &Profile, policy: &Policy, findings: &mut Findings<'_>) {
    for (index, issuer) in document.issuers.iter().enumerate() {
        check_issuer(issuer, profile, &format!("/issuers/{index}"), findings);
    }
    routes::check(document, profile, policy, findings);
    roles::check(document, profile, policy, findings);
    for (index, origin) in document.cors.allowed_origins.iter().enumerate() {
        if origin == "*" {
            findings.notice(
                Lint::CorsAnyOrigin,
                format!("/cors/allowed_origins/{index}"),
                "scripts of every site may read refusals",
            );
        }
    }
    if document.mode == Mode::Report {
        findings.notice(Lint::ReportMode, "/mode", "refusals are only written down");
    }
    if document.audit.reason_header {
        findings.notice(
            Lint::ReasonHeader,
            "/audit/reason_header",
            "refusals tell the caller their reason in X-Portcullis-Reason",
        );
    }
}

fn check_issuer(issuer: &IssuerDocument, profile: &Profile, pointer: &str, findings: &mut Findings<'_>) {
    // The tokens that R2R and RAG Modulo issue have no `aud` that could be asked for.
    let without = [TokenProfileName::R2r, TokenProfileName::RagModulo];
    if issuer.audience.0.is_empty() && !without.contains(&issuer.token_profile.unwrap_or(profile.token)) {
        findings.notice(
            Lint::AudienceMissing,
            pointer,
            "no \"audience\": its tokens are taken whoever they are meant for",
        );
    }
    match issuer.max_age_secs {
        None => findings.notice(
            Lint::TokenAgeUnbounded,
            pointer,
            "no \"max_age_secs\": its tokens may live longer than a day",
        ),
        Some(secs) if secs > DAY_SECS => findings.notice(
            Lint::TokenAgeUnbounded,
            format!("{pointer}/max_age_secs"),
            format!("its tokens may live for {secs} seconds, which is longer than a day"),
        ),
        Some(_) => {}
    }
    if issuer.leeway_secs >= LEEWAY_SECS {
        findings.notice(
            Lint::LeewayMaximal,
            format!("{pointer}/leeway_secs"),
            format!("the leeway is the longest there can be: {LEEWAY_SECS} seconds"),
        );
    }
}
