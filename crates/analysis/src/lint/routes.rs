//! Lints of routes. Only those the document writes are looked at: the system's are not for it to fix.

use std::collections::BTreeSet;

use portcullis::json::pointer_to;
use portcullis::limits::ROUTE_PAIRS;
use portcullis::parts::{CompiledAccess, Route, Routes, WEBSOCKET};
use portcullis_config::{Configuration, DiagnosticList, Lint};

use crate::overlap::{Overlap, Overlaps, hidden};
use crate::route;

pub(crate) fn check(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    for (route, written) in &configuration.document.policy.routes {
        let Some((method, path)) = route.split_once(' ').filter(|_| written.access == "public") else {
            continue;
        };
        if !["GET", "HEAD", "OPTIONS"].contains(&method) {
            diagnostics.push(
                Lint::PublicMutation,
                place(route),
                format!("public, although it is a {method}"),
            );
        }
        if takes_everything(path) {
            diagnostics.push(
                Lint::PublicRest,
                place(route),
                format!("anybody may send {method} to every path that no other route names"),
            );
        }
    }
    check_reach(configuration, diagnostics);
    check_overlaps(configuration, diagnostics);
    check_upgrades(configuration, diagnostics);
}

/// Whether a template ends in the rest of a path, and has nothing before that but what all paths of an API have.
fn takes_everything(template: &str) -> bool {
    let Some((before, last)) = template.rsplit_once('/').filter(|(_, last)| last.ends_with(":path}")) else {
        return false;
    };
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_common = |segment: &str| {
        segment.is_empty() || segment.starts_with('{') || segment == "api" || is_version(segment)
    };
    last.starts_with('{') && before.split('/').all(is_common)
}

/// The pointer to a route of the document.
fn place(route: &str) -> String {
    pointer_to(&["policy", "routes", route])
}

/// Routes that nobody can use, and routes that no request gets to.
fn check_reach(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let Configuration { document, system, .. } = configuration;
    let policy = &configuration.gate.parts().policy;
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
            diagnostics.push(
                Lint::RouteUnreachable,
                place(&route.text),
                format!("no role gives \"{permission}\" to whoever has it alone"),
            );
        }
    }
    let docs = document.policy.docs.as_deref().filter(|_| !system.docs.is_empty());
    if let Some(docs) = docs
        && policy
            .routes
            .permissions()
            .any(|(index, asked)| asked.is(docs) && !usable.contains(index.position()))
    {
        diagnostics.push(
            Lint::RouteUnreachable,
            "/policy/docs",
            format!("no role gives \"{docs}\" to whoever has it alone"),
        );
    }
    for route in hidden(&policy.routes).filter(|route| own(route)) {
        diagnostics.push(
            Lint::RouteShadowed,
            place(&route.text),
            "more literal routes take every request that this one matches",
        );
    }
}

fn check_overlaps(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let own = |route: &Route| configuration.document.policy.routes.contains_key(&route.text);
    let complete = Overlaps::search(&configuration.gate.parts().policy.routes, ROUTE_PAIRS, |overlap| {
        let Overlap { first, second, .. } = overlap;
        if asks_the_same(first, second) || !(own(first) || own(second)) {
            return;
        }
        let (here, other) = if own(first) { (first, second) } else { (second, first) };
        diagnostics.push_with(Lint::RouteAmbiguous, || {
            let message = format!(
                "\"{}\" matches \"{}\" as well and asks for something else, and neither is the more literal one",
                other.text,
                overlap.common()
            );
            (place(&here.text), message)
        });
    });
    if !complete {
        diagnostics.push(
            Lint::RoutesNotCompared,
            "/policy/routes",
            format!("the search for ambiguous routes ended after {ROUTE_PAIRS} steps"),
        );
    }
}

/// WebSockets whose path has a GET route that asks for something else: an upgrade has to satisfy both.
fn check_upgrades(configuration: &Configuration, diagnostics: &mut DiagnosticList) {
    let own = |route: &Route| configuration.document.policy.routes.contains_key(&route.text);
    let routes = &configuration.gate.parts().policy.routes;
    for (socket, get) in routes.nodes.iter().flat_map(|node| {
        [&node.routes, &node.rest].into_iter().filter_map(|ends| upgrade_and_get(routes, ends))
    }) {
        if asks_the_same(socket, get) || !(own(socket) || own(get)) {
            continue;
        }
        let (here, other) = if own(socket) { (socket, get) } else { (get, socket) };
        diagnostics.push(
            Lint::WebsocketGetDiffer,
            place(&here.text),
            format!("\"{}\" asks for something else, and an upgrade has to satisfy both", other.text),
        );
    }
}

/// The two among routes that end in one place.
fn upgrade_and_get<'r>(routes: &'r Routes, ends: &[usize]) -> Option<(&'r Route, &'r Route)> {
    Some((routes.pick(ends, WEBSOCKET)?, routes.pick(ends, "GET")?))
}

/// Whether a caller who may use one of the routes may use the other.
fn asks_the_same(a: &Route, b: &Route) -> bool {
    let keys = |route: &Route| -> BTreeSet<String> { route::bindings(route).into_keys().collect() };
    a.access == b.access
        && a.hosts == b.hosts
        && a.bindings.len() == b.bindings.len()
        && (a.bindings.is_empty() || keys(a) == keys(b))
}
