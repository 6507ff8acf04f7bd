//! The routes of a policy and those that the origin documents.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::Gate;
use portcullis::json::{self, Budget, JsonError, Members, Value, pointer_to};
use serde::Serialize;
use thiserror::Error;

use crate::shapes::{Shape, of_routes};

/// Members of a path item that are operations
/// ([OpenAPI 3.2, path item object](https://spec.openapis.org/oas/v3.2.0.html#path-item-object)).
const OPERATIONS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Documents of an origin are large, and trusted as far as a report goes.
const BUDGET: Budget = Budget { depth: 96, nodes: 4_000_000 };

/// The routes of a policy compared with those of an OpenAPI document.
#[derive(Debug, Serialize)]
pub struct Coverage {
    /// How many routes of the origin the policy names.
    pub named: usize,
    /// Routes of the origin that the policy does not name.
    pub unnamed: Vec<String>,
    /// Routes of the policy that the document does not have.
    pub undocumented: Vec<String>,
}

/// Why an OpenAPI document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenApiError {
    /// Not JSON.
    #[error("not usable JSON: {0}")]
    NotJson(JsonError),
    /// A value of the wrong type; carries its JSON pointer and a colon, or nothing for the whole document.
    #[error("{0}expected an object")]
    NotAnObject(String),
    /// Another version.
    #[error("/openapi: not an OpenAPI document of version 3; convert it first")]
    Version,
    /// Operations that are not in the document; carries the JSON pointer to the path item.
    #[error("{0}/$ref: operations stand elsewhere; resolve references first")]
    Reference(String),
    /// No operations.
    #[error("/paths: no operations; is this the document of the origin?")]
    Empty,
}

impl Coverage {
    /// Compares the routes of `gate` with the operations of an OpenAPI 3 document, as JSON.
    ///
    /// # Errors
    ///
    /// [`OpenApiError`] if the document cannot be used.
    pub fn of(gate: &Gate, openapi: &[u8]) -> Result<Self, OpenApiError> {
        let operations = operations(openapi)?;
        let mut coverage = Self { named: 0, unnamed: Vec::new(), undocumented: Vec::new() };
        let texts = gate.parts().policy.routes.iter().map(|route| route.text.as_str());
        let routes: BTreeMap<Shape, &str> = of_routes(gate).zip(texts).collect();
        let loose: BTreeSet<Shape> = routes.keys().cloned().map(Shape::rest_as_parameter).collect();
        let mut documented = BTreeSet::new();
        for operation in operations {
            // What cannot be written as a route is not named by one.
            let shape = Shape::parse(&renamed(&operation)).ok();
            if shape.as_ref().is_some_and(|shape| routes.contains_key(shape) || loose.contains(shape)) {
                coverage.named = coverage.named.saturating_add(1);
            } else {
                coverage.unnamed.push(operation);
            }
            documented.extend(shape);
        }
        coverage.undocumented = routes
            .into_iter()
            .filter(|(shape, _)| {
                !documented.contains(shape) && !documented.contains(&shape.clone().rest_as_parameter())
            })
            .map(|(_, route)| route.to_owned())
            .collect();
        Ok(coverage)
    }
}

/// `METHOD /path` of every operation of an OpenAPI document.
fn operations(text: &[u8]) -> Result<Vec<String>, OpenApiError> {
    let value = json::parse(text, BUDGET).map_err(OpenApiError::NotJson)?;
    let document = object(&value, "")?;
    if !document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.")) {
        return Err(OpenApiError::Version);
    }
    let paths = object(document.get("paths").unwrap_or(&Value::Null), "/paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        let place = pointer_to(&["paths", path]);
        let item = object(item, &place)?;
        if item.contains_key("$ref") {
            return Err(OpenApiError::Reference(place));
        }
        let listed = item.keys().filter(|name| OPERATIONS.contains(name));
        operations.extend(listed.map(|name| format!("{} {path}", name.to_ascii_uppercase())));
        let others = item.get("additionalOperations").and_then(Value::as_object);
        operations.extend(others.into_iter().flatten().map(|(method, _)| format!("{method} {path}")));
    }
    if operations.is_empty() { Err(OpenApiError::Empty) } else { Ok(operations) }
}

fn object<'v, 't>(value: &'v Value<'t>, place: &str) -> Result<&'v Members<'t>, OpenApiError> {
    let colon = if place.is_empty() { "" } else { ": " };
    value.as_object().ok_or_else(|| OpenApiError::NotAnObject(format!("{place}{colon}")))
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
