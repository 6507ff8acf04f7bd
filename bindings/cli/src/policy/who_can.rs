//! `portcullis policy who-can`: who may make a request.

use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use portcullis::{Gate, RouteAccess, SurveyedRoute};
use serde::Serialize;

use super::caller::{Answer, Who};
use super::load;
use super::shape::{Sampler, Shape};
use crate::output::{self, Failure, Outcome, printable};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The request or the route, for example `DELETE /v1/threads/{thread_id}`.
    #[arg(value_name = "METHOD PATH")]
    request: String,
}

/// The answer, as `--json` prints it.
#[derive(Serialize)]
struct Report<'a> {
    request: &'a str,
    route: Option<&'a str>,
    access: Option<&'static str>,
    permission: Option<&'a str>,
    /// What every caller is bound to besides.
    bindings: Vec<String>,
    allowed: Vec<Who>,
    denied: Vec<Denied>,
}

#[derive(Serialize)]
struct Denied {
    #[serde(flatten)]
    who: Who,
    #[serde(flatten)]
    answer: Answer,
    #[serde(skip)]
    detail: String,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let gate = load::gate("--config", &arguments.config)?;
    let route = find(&gate, &arguments.request)?;
    let mut report = Report {
        request: &arguments.request,
        route: route.map(|route| route.text()),
        access: None,
        permission: None,
        bindings: route.map(|route| bindings(&route)).unwrap_or_default(),
        allowed: Vec::new(),
        denied: Vec::new(),
    };
    if let Some(route) = route {
        (report.access, report.permission) = (Some(access(&route)), permission(&route));
        for who in Who::all(gate.roles()) {
            let result = route.authorize(&who.assume(&gate));
            match &result {
                Ok(()) => report.allowed.push(who),
                Err(error) => {
                    let detail = error.to_string();
                    report.denied.push(Denied { who, answer: result.into(), detail });
                }
            }
        }
    }
    let text = if json { output::json(&report)? } else { in_words(&report) };
    Ok(Outcome::success(text).with_code(u8::from(report.allowed.is_empty())))
}

/// The route of a concrete request, or of a template whatever its parameters are called.
fn find<'g>(gate: &'g Gate, request: &str) -> Result<Option<SurveyedRoute<'g>>, Failure> {
    let (method, target) = request
        .split_once(' ')
        .ok_or("write the request as one argument: `portcullis policy who-can … 'GET /v1/threads'`")?;
    if !target.contains(['{', '}']) {
        return gate.route_for(method, target).map_err(|error| error.to_string());
    }
    let shape = Shape::parse(request)?;
    if let Some(route) = gate.routes().find(|route| Shape::of(route) == shape) {
        return Ok(Some(route));
    }
    let mut shapes: Vec<Shape> = gate.routes().map(|route| Shape::of(&route)).collect();
    shapes.push(shape.clone());
    Sampler::new(shapes.iter()).route(gate, &shape)
}

/// What kind of access rule a route has.
pub(super) fn access(route: &SurveyedRoute<'_>) -> &'static str {
    match route.access() {
        RouteAccess::Public => "public",
        RouteAccess::Refused => "refused",
        RouteAccess::Permission(_) => "permission",
    }
}

/// The permission a route asks for.
pub(super) fn permission<'g>(route: &SurveyedRoute<'g>) -> Option<&'g str> {
    match route.access() {
        RouteAccess::Permission(permission) => Some(permission.as_str()),
        RouteAccess::Public | RouteAccess::Refused => None,
    }
}

/// What a route binds its callers to: `path.collection = /collections`; and the hosts it is served for, if not all.
pub(super) fn bindings(route: &SurveyedRoute<'_>) -> Vec<String> {
    let mut texts: Vec<String> = route.bindings().into_values().collect();
    texts.sort_unstable();
    texts.extend(Some(route.hosts()).filter(|hosts| !hosts.is_empty()).map(served_for));
    texts
}

/// `host = a or b`.
pub(super) fn served_for(hosts: &[String]) -> String {
    format!("host = {}", hosts.join(" or "))
}

fn in_words(report: &Report<'_>) -> String {
    let mut text = String::new();
    let Some(route) = report.route else {
        return "nobody: the policy has no route for this\n".to_owned();
    };
    // Writing to a `String` cannot fail.
    let _ = match (report.permission, report.access) {
        (Some(permission), _) => writeln!(text, "{} asks for {permission}", printable(route)),
        (None, access) => writeln!(text, "{} is {}", printable(route), access.unwrap_or_default()),
    };
    for binding in &report.bindings {
        let _ = writeln!(text, "  where {}", printable(binding));
    }
    let width = report.allowed.iter().chain(report.denied.iter().map(|denied| &denied.who));
    let width = width.map(|who| who.label().chars().count()).max().unwrap_or_default();
    for who in &report.allowed {
        let _ = writeln!(text, "  ✓ {}", who.label());
    }
    for Denied { who, answer, detail } in &report.denied {
        let _ = writeln!(text, "  ✗ {:<width$}  {}: {detail}", who.label(), answer.code());
    }
    text
}
