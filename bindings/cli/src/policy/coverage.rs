//! `portcullis policy coverage`: the routes of a policy and those that the origin documents.

use core::fmt::Write as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use portcullis::json::{self, Budget, Value};
use serde::Serialize;

use super::load;
use super::shape::Shape;
use crate::output::{self, Failure, Outcome, printable};

/// Members of a path item that are operations
/// ([OpenAPI 3.2, path item object](https://spec.openapis.org/oas/v3.2.0.html#path-item-object)).
const OPERATIONS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Documents of an origin are large, and trusted as far as a report goes.
const BUDGET: Budget = Budget { depth: 96, nodes: 4_000_000 };

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configuration document.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// OpenAPI 3 document of the origin, as JSON.
    #[arg(long, value_name = "FILE")]
    openapi: PathBuf,
}

/// The comparison, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    /// How many routes of the origin the policy names.
    named: usize,
    /// Routes of the origin that the policy does not name.
    unnamed: Vec<String>,
    /// Routes of the policy that the document does not have.
    undocumented: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let gate = load::gate("--config", &arguments.config)?;
    let text = load::file("--openapi", &arguments.openapi)?;
    let operations = operations(&text)
        .map_err(|message| printable(&format!("{}: {message}", arguments.openapi.display())))?;
    let mut report = Report { named: 0, unnamed: Vec::new(), undocumented: Vec::new() };
    let mut routes: BTreeMap<Shape, &str> = BTreeMap::new();
    for route in gate.routes() {
        routes.insert(Shape::of(&route), route.text());
    }
    let loose: BTreeSet<Shape> = routes.keys().cloned().map(Shape::rest_as_parameter).collect();
    let mut documented = BTreeSet::new();
    for operation in operations {
        // What cannot be written as a route is not named by one.
        let shape = Shape::parse(&renamed(&operation)).ok();
        if shape.as_ref().is_some_and(|shape| routes.contains_key(shape) || loose.contains(shape)) {
            report.named = report.named.saturating_add(1);
        } else {
            report.unnamed.push(operation);
        }
        documented.extend(shape);
    }
    report.undocumented = routes
        .into_iter()
        .filter(|(shape, _)| {
            !documented.contains(shape) && !documented.contains(&shape.clone().rest_as_parameter())
        })
        .map(|(_, route)| route.to_owned())
        .collect();
    let text = if json { output::json(&report)? } else { in_words(&report) };
    Ok(Outcome::success(text).with_code(u8::from(!report.unnamed.is_empty())))
}

/// `METHOD /path` of every operation of an OpenAPI document.
fn operations(text: &[u8]) -> Result<Vec<String>, Failure> {
    let value = json::parse(text, BUDGET).map_err(|error| format!("not usable JSON: {error}"))?;
    let document = value.as_object().ok_or("expected an object")?;
    if !document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.")) {
        return Err("/openapi: not an OpenAPI document of version 3; convert it first".to_owned());
    }
    let paths = document.get("paths").and_then(Value::as_object).ok_or("/paths: expected an object")?;
    let mut operations = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let item = item.as_object().ok_or_else(|| format!("{place}: expected an object"))?;
        if item.contains_key("$ref") {
            return Err(format!("{place}/$ref: operations stand elsewhere; resolve references first"));
        }
        let listed = item.keys().filter(|name| OPERATIONS.contains(&name.as_str()));
        operations.extend(listed.map(|name| format!("{} {path}", name.to_ascii_uppercase())));
        let others = item.get("additionalOperations").and_then(Value::as_object);
        operations.extend(others.into_iter().flatten().map(|(method, _)| format!("{method} {path}")));
    }
    if operations.is_empty() {
        return Err("/paths: no operations; is this the document of the origin?".to_owned());
    }
    Ok(operations)
}

/// The operation with parameter names that a route may have: those of OpenAPI can be any text.
fn renamed(operation: &str) -> String {
    let segments = operation.split('/').enumerate().map(|(index, segment)| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name.filter(|name| !name.contains(['{', '}']) && !name.ends_with(":path")) {
            Some(_) => format!("{{p{index}}}"),
            None => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    let lists = [
        ("routes of the origin that the policy does not name", &report.unnamed),
        ("routes of the policy that the document does not have", &report.undocumented),
    ];
    for (title, routes) in lists.iter().filter(|(_, routes)| !routes.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{title} ({})", routes.len());
        for route in *routes {
            let _ = writeln!(text, "  {}", printable(route));
        }
    }
    let all = report.named.saturating_add(report.unnamed.len());
    let _ = writeln!(text, "the policy names {} of the {all} routes of the origin", report.named);
    text
}
