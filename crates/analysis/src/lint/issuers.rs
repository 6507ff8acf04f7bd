//! Lints of issuers.

use portcullis::limits::LEEWAY_SECS;
use portcullis_config::document::IssuerDocument;
use portcullis_config::{Configuration, DiagnosticList, Lint, System};

use super::roles::grants_changes;
use crate::duration::DAY_SECS;

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    check_together(configuration, diagnostics);
    for (index, issuer) in configuration.document.issuers.iter().enumerate() {
        check_issuer(issuer, &configuration.system, &format!("/issuers/{index}"), diagnostics);
    }
}

/// Several issuers, each of which could speak for the callers of the others.
fn check_together(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let issuers = &configuration.document.issuers;
    if issuers.len() < 2 {
        return;
    }
    let policy = &configuration.gate.parts().policy;
    let strong = policy.roles.names().find(|role| grants_changes(policy, role));
    for (index, _) in issuers.iter().enumerate().filter(|(_, issuer)| issuer.roles.is_none()) {
        if let Some(strong) = strong {
            diagnostics.push_with(Lint::IssuerRolesUnbounded, || {
                let message = format!("no \"roles\": its tokens may give any, \"{strong}\" among them");
                (format!("/issuers/{index}"), message)
            });
        }
    }
    let unmarked = issuers.iter().enumerate().filter(|(_, issuer)| issuer.subject_prefix.is_none());
    // One may have subjects without a prefix: nobody else can name them.
    for (index, _) in unmarked.skip(1) {
        diagnostics.push_with(Lint::IssuerSubjectsShared, || {
            let message = "no \"subject_prefix\": its tokens may name the subjects of an earlier issuer";
            (format!("/issuers/{index}"), message.to_owned())
        });
    }
    let upstream = &configuration.gate.parts().upstream;
    if let Some(place) = upstream.carried_places().first() {
        diagnostics.push_with(Lint::CarriedClaimsShared, || {
            let message = format!("the origin is told what any of the issuers writes at {place}");
            ("/upstream".to_owned(), message)
        });
    }
}

fn check_issuer(issuer: &IssuerDocument, system: &System, pointer: &str, diagnostics: &mut DiagnosticList) {
    if issuer.audience.0.is_empty() && system.issues_audience(issuer) {
        let lint = if issuer.fetches_keys() { Lint::ProviderAudienceMissing } else { Lint::AudienceMissing };
        diagnostics.push(lint, pointer, "no \"audience\": its tokens are taken whoever they are meant for");
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
