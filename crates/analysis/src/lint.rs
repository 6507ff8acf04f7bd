//! Lints that only advise: settings that are no error and still deserve a second look.
//!
//! A lint stays silent where it would have to guess. Roles that nobody holds cannot be told from a document that accepts
//! tokens, since tokens bring them. Of routes, no single one hides another: two of the same shape are an error, and
//! a parameter or the rest of a path always matches something that no literal beside it does. Several together can
//! hide one that ends in a rest, and only such a one; see `hidden`.

mod identity;
mod issuers;
mod origin_keys;
mod roles;
mod routes;

use portcullis_config::document::PreflightDocument;
use portcullis_config::{Configuration, Diagnostic, DiagnosticList, Lint};

/// What a configuration could do better, besides what compiling it has found
/// ([`Configuration::diagnostics`]), which every host logs.
pub fn lints(configuration: &Configuration) -> Vec<Diagnostic> {
    let mut diagnostics = DiagnosticList::default();
    issuers::check(configuration, &mut diagnostics);
    identity::check(configuration, &mut diagnostics);
    routes::check(configuration, &mut diagnostics);
    roles::check(configuration, &mut diagnostics);
    origin_keys::check(configuration, &mut diagnostics);
    let cors = &configuration.document.cors;
    if !cors.allowed_origins.is_empty() && cors.preflight != PreflightDocument::Answer {
        diagnostics.push(
            Lint::CorsNotGoverned,
            "/cors/allowed_origins",
            "counts for refusals only: the origin server decides what scripts may do",
        );
    }
    if configuration.document.audit.reason_header {
        diagnostics.push(
            Lint::ReasonHeader,
            "/audit/reason_header",
            "refusals tell the caller their reason in X-Portcullis-Reason",
        );
    }
    diagnostics.into_vec()
}
