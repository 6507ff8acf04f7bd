//! Lints of routes. Only those the document writes are looked at: the profile's are not for it to mend.

use alloc::collections::BTreeSet;
use alloc::format;

use super::super::Findings;
use super::super::document::Document;
use super::Lint;
use crate::json::pointer_to;
use crate::limits::ROUTE_PAIRS;
use crate::policy::{CompiledAccess, Overlap, Overlaps, Policy, Route};
use crate::profile::Profile;

pub(super) fn check(document: &Document, profile: &Profile, policy: &Policy, findings: &mut Findings<'_>) {
    if !profile.docs.is_empty() && document.policy.docs.as_deref() == Some("public") {
        findings.notice(Lint::DocsOpen, "/policy/docs", "anybody may read the documentation of the API");
    }
    for (route, written) in &document.policy.routes {
        let public = written.access == "public";
        let Some((method, path)) = route.split_once(' ').filter(|_| public) else { continue };
        if !["GET", "HEAD", "OPTIONS"].contains(&method) {
            findings.notice(Lint::PublicMutation, place(route), format!("public, although it is a {method}"));
        } else if is_documentation(path) {
            findings.notice(Lint::DocsOpen, place(route), "anybody may read the documentation of the API");
        }
    }
    check_reach(document, profile, policy, findings);
    check_overlaps(document, policy, findings);
}

/// The pointer to a route of the document.
fn place(route: &str) -> alloc::string::String {
    pointer_to(&["policy", "routes", route])
}

/// Whether `path` is one under which common frameworks describe their API.
fn is_documentation(path: &str) -> bool {
    let last = path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let names =
        ["docs", "redoc", "redocs", "swagger", "swagger-ui", "openapi.json", "openapi.yaml", "swagger.json"];
    names.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// Routes that nobody can use, and routes that no request gets to.
fn check_reach(document: &Document, profile: &Profile, policy: &Policy, findings: &mut Findings<'_>) {
    let own = |route: &Route| document.policy.routes.contains_key(&route.text);
    let usable = policy.roles.usable(&policy.routes);
    let unusable = |route: &Route| match route.access {
        CompiledAccess::Permission(index) if !usable.contains(index.position()) => {
            policy.routes.permission(index)
        }
        _ => None,
    };
    for route in policy.routes.iter() {
        let Some(permission) = unusable(route) else { continue };
        if own(route) {
            findings.notice(
                Lint::RouteUnreachable,
                place(&route.text),
                format!("no role gives \"{permission}\" to whoever has it alone"),
            );
        }
    }
    let docs = document.policy.docs.as_deref().filter(|_| !profile.docs.is_empty());
    if let Some(docs) = docs
        && policy
            .routes
            .permissions()
            .any(|(index, asked)| asked.is(docs) && !usable.contains(index.position()))
    {
        findings.notice(
            Lint::RouteUnreachable,
            "/policy/docs",
            format!("no role gives \"{docs}\" to whoever has it alone"),
        );
    }
    for route in policy.routes.hidden().filter(|route| own(route)) {
        findings.notice(
            Lint::RouteShadowed,
            place(&route.text),
            "more literal routes take every request that this one matches",
        );
    }
}

fn check_overlaps(document: &Document, policy: &Policy, findings: &mut Findings<'_>) {
    let own = |route: &Route| document.policy.routes.contains_key(&route.text);
    let complete = Overlaps::search(&policy.routes, ROUTE_PAIRS, |overlap| {
        let Overlap { first, second, .. } = overlap;
        if asks_the_same(first, second) || !(own(first) || own(second)) {
            return;
        }
        let (here, other) = if own(first) { (first, second) } else { (second, first) };
        findings.notice_with(Lint::RouteAmbiguous, || {
            let message = format!(
                "\"{}\" matches \"{}\" as well and asks for something else, and neither is the more literal one",
                other.text,
                overlap.common()
            );
            (place(&here.text), message)
        });
    });
    if !complete {
        findings.notice(
            Lint::RoutesNotCompared,
            "/policy/routes",
            format!("the search for ambiguous routes ended after {ROUTE_PAIRS} steps"),
        );
    }
}

/// Whether a caller who may use one of the routes may use the other.
fn asks_the_same(a: &Route, b: &Route) -> bool {
    let bindings = |route: &Route| -> BTreeSet<_> { route.bindings.iter().map(|one| one.key()).collect() };
    a.access == b.access
        && a.hosts == b.hosts
        && a.bindings.len() == b.bindings.len()
        && (a.bindings.is_empty() || bindings(a) == bindings(b))
}
