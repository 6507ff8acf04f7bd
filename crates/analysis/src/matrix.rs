//! Every kind of caller by every route.

use portcullis::{Gate, Reason};
use serde::Serialize;

use crate::access::permits;
use crate::answer::Answer;
use crate::caller::{CallerKind, default_role};
use crate::route;
use crate::shapes::{Sampler, Shape, of_routes};

/// Everything the policy decides by route and role.
#[derive(Debug, Serialize)]
pub struct Matrix {
    /// The kinds of callers.
    pub callers: Vec<CallerKind>,
    /// The role of a token that says nothing about roles.
    pub default_role: Option<String>,
    /// A row for each route, in the order of their paths.
    pub routes: Vec<Row>,
}

/// A route and what each caller may do with it.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The route as it is written.
    pub route: String,
    /// Its method, or `WEBSOCKET` for an upgrade.
    pub method: String,
    /// Its path template.
    pub path: String,
    /// `public`, `refused` or `permission`.
    pub access: &'static str,
    /// The permission it asks for.
    pub permission: Option<String>,
    /// What every caller is bound to besides: `path.collection = /collections`.
    pub bindings: Vec<String>,
    /// In the order of the callers.
    pub answers: Vec<Answer>,
}

impl Matrix {
    /// The matrix of a gate.
    pub fn of(gate: &Gate) -> Self {
        let policy = &gate.parts().policy;
        let callers = CallerKind::all(policy.roles.names());
        let hypothetical: Vec<_> = callers.iter().map(|caller| caller.hypothetical(gate)).collect();
        let shapes: Vec<Shape> = of_routes(gate).collect();
        let sampler = Sampler::new(shapes.iter());
        let mut routes: Vec<Row> = policy
            .routes
            .iter()
            .zip(&shapes)
            .map(|(route, shape)| {
                let path = sampler.path(shape);
                Row {
                    route: route.text.clone(),
                    method: route.method.clone(),
                    path: route::path(route).to_owned(),
                    access: route::access_name(route),
                    permission: route::permission(gate, route).map(str::to_owned),
                    bindings: route::conditions(route),
                    answers: hypothetical
                        .iter()
                        .map(|caller| permits(gate, route, &path, caller).into())
                        .collect(),
                }
            })
            .collect();
        routes.sort_by(|one, other| (&one.path, &one.method).cmp(&(&other.path, &other.method)));
        Self { callers, default_role: default_role(gate).map(str::to_owned), routes }
    }

    /// How many routes each caller may use.
    pub fn totals(&self) -> impl Iterator<Item = (&CallerKind, usize)> {
        self.callers.iter().enumerate().map(|(index, caller)| {
            let may = |row: &&Row| row.answers.get(index).is_some_and(|answer| answer.is_allowed());
            (caller, self.routes.iter().filter(may).count())
        })
    }
}

impl Row {
    /// The permission, or `public` or `refused`.
    pub fn asks(&self) -> &str {
        self.permission.as_deref().unwrap_or(self.access)
    }

    /// What `answer` says of this route.
    pub fn kind(&self, answer: Answer) -> CellKind {
        match answer.reason {
            None if self.bindings.is_empty() => CellKind::Allowed,
            None => CellKind::Bound,
            Some(Reason::PermissionDenied | Reason::RouteRefused) => CellKind::Denied,
            Some(_) => CellKind::NotGranted,
        }
    }
}

/// What a cell of the matrix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// The caller may use the route.
    Allowed,
    /// Allowed where the bindings of the route hold.
    Bound,
    /// No role of the caller grants it.
    NotGranted,
    /// A role of the caller denies it, or it is refused to everybody.
    Denied,
}
