//! Lints of issuers.

use portcullis::limits::LEEWAY_SECS;
use portcullis_config::document::IssuerDocument;
use portcullis_config::{Configuration, DiagnosticList, Lint, System};

use crate::duration::DAY_SECS;

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    for (index, issuer) in configuration.document.issuers.iter().enumerate() {
        check_issuer(issuer, &configuration.system, &format!("/issuers/{index}"), diagnostics);
    }
}

fn check_issuer(issuer: &IssuerDocument, system: &System, pointer: &str, diagnostics: &mut DiagnosticList) {
    if issuer.audience.0.is_empty() && system.issues_audience(issuer) {
        diagnostics.push(
            Lint::AudienceMissing,
            pointer,
            "no \"audience\": its tokens are taken whoever they are meant for",
        );
    }
    match issuer.max_age_secs {
        None => diagnostics.push(
            Lint::TokenAgeUnbounded,
            pointer,
            "no \"max_age_secs\": its tokens may live longer than a day",
        ),
        // A day is the age beyond which a token counts as long-lived.
        Some(secs) if secs > DAY_SECS => diagnostics.push(
            Lint::TokenAgeUnbounded,
            format!("{pointer}/max_age_secs"),
            format!("its tokens may live for {secs} seconds, which is longer than a day"),
        ),
        Some(_) => {}
    }
    if issuer.leeway_secs >= LEEWAY_SECS {
        diagnostics.push(
            Lint::LeewayMaximal,
            format!("{pointer}/leeway_secs"),
            format!("the leeway is the longest there can be: {LEEWAY_SECS} seconds"),
        );
    }
}
