//! Who may make a request.

use portcullis::parts::{Route, TemplateError};
use portcullis::{Gate, PathError, Target};
use serde::Serialize;
use thiserror::Error;

use crate::access::permits;
use crate::answer::Answer;
use crate::caller::CallerKind;
use crate::route;
use crate::shapes::{Sampler, Shape, of_routes};

/// Who may make a request, and who may not and why.
#[derive(Debug, Serialize)]
pub struct WhoCan {
    /// The request or route that was asked about.
    pub request: String,
    /// The route that serves it.
    pub route: Option<String>,
    /// What kind of access rule the route has.
    pub access: Option<&'static str>,
    /// The permission it asks for.
    pub permission: Option<String>,
    /// What every caller is bound to besides.
    pub bindings: Vec<String>,
    /// Those who may.
    pub allowed: Vec<CallerKind>,
    /// Those who may not.
    pub denied: Vec<Denied>,
}

/// A kind of caller who may not make the request.
#[derive(Debug, Serialize)]
pub struct Denied {
    /// Who.
    #[serde(flatten)]
    pub caller: CallerKind,
    /// Why not.
    #[serde(flatten)]
    pub answer: Answer,
    /// Why not, as a sentence.
    #[serde(skip)]
    pub detail: String,
}

/// Why a text is no request to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Not a method and a path.
    #[error("write the request as a method and a path: `GET /v1/threads`")]
    NotMethodAndPath,
    /// No template either.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The path has no single safe reading.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl WhoCan {
    /// Asks `gate` about a concrete request, or about a template whatever its parameters are called: `METHOD /path`.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if `request` is neither.
    pub fn of(gate: &Gate, request: &str) -> Result<Self, RequestError> {
        let served = find(gate, request)?;
        let route = served.as_ref().map(|(route, _)| *route);
        let mut answer = Self {
            request: request.to_owned(),
            route: route.map(|route| route.text.clone()),
            access: route.map(route::access_name),
            permission: route.and_then(|route| route::permission(gate, route)).map(str::to_owned),
            bindings: route.map(route::conditions).unwrap_or_default(),
            allowed: Vec::new(),
            denied: Vec::new(),
        };
        let Some((route, path)) = served else { return Ok(answer) };
        for caller in CallerKind::all(gate.parts().policy.roles.names()) {
            match permits(gate, route, &path, &caller.hypothetical(gate)) {
                Ok(()) => answer.allowed.push(caller),
                Err(error) => {
                    let detail = error.to_string();
                    answer.denied.push(Denied { caller, answer: Err(error).into(), detail });
                }
            }
        }
        Ok(answer)
    }
}

/// The route that serves a request, and the path of such a request.
fn find<'g>(gate: &'g Gate, request: &str) -> Result<Option<(&'g Route, String)>, RequestError> {
    let (method, target) = request.split_once(' ').ok_or(RequestError::NotMethodAndPath)?;
    if !target.contains(['{', '}']) {
        let path = Target::parse(target.as_bytes())?.path.into_owned();
        return Ok(route::find(gate, method, target)?.map(|route| (route, path)));
    }
    let shape = Shape::parse(request)?;
    let mut shapes: Vec<Shape> = of_routes(gate).collect();
    let written = gate.parts().policy.routes.iter().zip(&shapes).find(|(_, own)| **own == shape);
    let written = written.map(|(route, _)| route);
    shapes.push(shape.clone());
    let sampler = Sampler::new(shapes.iter());
    let route = match written {
        Some(route) => Some(route),
        None => sampler.route(gate, &shape)?,
    };
    Ok(route.map(|route| (route, sampler.path(&shape))))
}
