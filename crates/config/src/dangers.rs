//! Settings that load and are dangerous: what every host has to hear of. What only advises is said by the tools.

use alloc::format;

use portcullis::CredentialHandling;
use portcullis::json::pointer_to;
use portcullis::parts::{Mode, owned_by};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{PreflightDocument, RouteCredentialDocument};
use crate::lint::Lint;

/// Looks over a document that has no errors.
pub(crate) fn check(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let document = context.document;
    check_docs(context, diagnostics);
    for (index, origin) in document.cors.allowed_origins.iter().enumerate() {
        if origin == "*" {
            let message = match document.cors.preflight {
                PreflightDocument::Answer => "scripts of every site may send requests and read the responses",
                PreflightDocument::Forward | PreflightDocument::Refuse => {
                    "scripts of every site may read refusals"
                }
            };
            diagnostics.report(Lint::CorsAnyOrigin, format!("/cors/allowed_origins/{index}"), message);
        }
    }
    for (index, name) in document.upstream.keep_headers.iter().enumerate() {
        let source = owned_by(&name.to_ascii_lowercase()).map(|row| row.source).unwrap_or_default();
        diagnostics.report(
            Lint::IdentityHeaderKept,
            format!("/upstream/keep_headers/{index}"),
            format!("callers may set {name} unless something in front of the gate prevents it (known from: {source})"),
        );
    }
    check_credentials(context, diagnostics);
    if document.mode == Mode::Report {
        diagnostics.report(Lint::ReportMode, "/mode", "refusals are only written down");
    }
}

/// Credentials that nobody verifies, and keys that become somebody else's.
fn check_credentials(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Context { document, system, .. } = context;
    for (route, written) in &document.policy.routes {
        let is_known =
            system.policy.routes.get(route).is_some_and(|known| known.credential == written.credential);
        if written.credential == Some(RouteCredentialDocument::Origin) && !is_known {
            diagnostics.report(
                Lint::CredentialsUnverified,
                pointer_to(&["policy", "routes", route, "credential"]),
                "credentials reach the origin as they came, and nobody has verified them",
            );
        }
    }
    let issues_keys = !system.api_key_prefixes.is_empty() && document.upstream.origin_key.is_some();
    if !issues_keys || context.credential() != CredentialHandling::Replace {
        return;
    }
    let records = document.api_keys.iter().flat_map(|api_keys| &api_keys.records);
    for (index, record) in records.enumerate() {
        if record.credential.is_none() && record.hash.starts_with("sha256:") {
            diagnostics.report(
                Lint::OwnKeySwapped,
                format!("/api_keys/records/{index}"),
                format!("{} gets the key in \"origin_key\" instead of this one", system.name),
            );
        }
    }
}

/// Pages that document the API, for anybody. Only what the document writes is looked at.
fn check_docs(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let policy = &context.document.policy;
    let message = "anybody may read the documentation of the API";
    if !context.system.docs.is_empty() && policy.docs.as_deref() == Some("public") {
        diagnostics.report(Lint::DocsOpen, "/policy/docs", message);
    }
    for (route, written) in &policy.routes {
        let Some((method, path)) = route.split_once(' ').filter(|_| written.access == "public") else {
            continue;
        };
        if ["GET", "HEAD", "OPTIONS"].contains(&method) && is_documentation(path) {
            diagnostics.report(Lint::DocsOpen, pointer_to(&["policy", "routes", route]), message);
        }
    }
}

/// Whether `path` is one under which common frameworks describe their API.
fn is_documentation(path: &str) -> bool {
    let last = path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let names =
        ["docs", "redoc", "redocs", "swagger", "swagger-ui", "openapi.json", "openapi.yaml", "swagger.json"];
    names.iter().any(|name| last.eq_ignore_ascii_case(name))
}
