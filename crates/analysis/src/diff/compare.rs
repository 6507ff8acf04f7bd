//! Two gates, compared.

use std::collections::BTreeSet;

use portcullis::parts::{Mode, WEBSOCKET};
use portcullis::{Gate, PathError};
use serde::Serialize;
use thiserror::Error;

use super::change::Change;
use super::comparison::Comparison;
use crate::caller::CallerKind;
use crate::shapes::{Intersections, Sampler, Shape, TooManyOverlaps, of_routes, with_intersections};

/// What becomes allowed and what becomes denied.
#[derive(Debug, Serialize)]
pub struct PolicyDiff {
    /// What becomes allowed.
    pub allowed: Vec<Change>,
    /// What becomes denied.
    pub denied: Vec<Change>,
    /// Whether each configuration only reports refusals, and so allows every request.
    pub reports: ReportModes,
}

/// Which of two configurations only report refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReportModes {
    /// The old one.
    pub old: bool,
    /// The new one.
    pub new: bool,
}

/// Why two policies cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DiffError {
    /// There are too many kinds of requests to tell apart.
    #[error(transparent)]
    Overlaps(#[from] TooManyOverlaps),
    /// A kind of request has no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl PolicyDiff {
    /// Compares two gates.
    ///
    /// # Errors
    ///
    /// [`DiffError`] if they cannot be compared.
    pub fn between(old: &Gate, new: &Gate) -> Result<Self, DiffError> {
        let policies = [&old.parts().policy, &new.parts().policy];
        let roles: BTreeSet<&str> = policies.iter().flat_map(|policy| policy.roles.names()).collect();
        let mut written: BTreeSet<Shape> = of_routes(old).chain(of_routes(new)).collect();
        let [before, after] = policies.map(|policy| policy.routes.trailing_slash());
        if before != after {
            let both: Vec<Shape> = written.iter().flat_map(Shape::with_and_without_slash).collect();
            written.extend(both);
        }
        let [followed, follows] = policies.map(|policy| policy.routes.head_follows_get());
        let has_head = of_method(&written, "HEAD").next().is_some();
        if followed != follows || (follows && has_head) {
            let heads: Vec<Shape> = of_method(&written, "GET").map(|get| get.with_method("HEAD")).collect();
            written.extend(heads);
        }
        // The GET route beneath a WebSocket has a say in it.
        let mut kinds = written.clone();
        let (sockets, gets) = (of_method(&written, WEBSOCKET), of_method(&written, "GET"));
        for get in gets.map(|get| get.with_method(WEBSOCKET)) {
            kinds.extend(sockets.clone().filter_map(|socket| socket.meet(&get)));
        }
        let Intersections { all, parts } = with_intersections(&kinds)?;
        let mut comparison = Comparison::new(old, new, CallerKind::all(roles), Sampler::new(all.iter()));
        for shape in &written {
            comparison.written(shape)?;
        }
        // The wider first, so that the narrower need not be told again.
        for open in [true, false] {
            for shape in all.difference(&written).filter(|shape| shape.is_open() == open) {
                comparison.derived(shape, parts.get(shape))?;
            }
        }
        let (allowed, denied) = comparison.changes.into_iter().partition(Change::allows);
        let [old, new] = [old, new].map(|gate| gate.parts().mode == Mode::Report);
        Ok(Self { allowed, denied, reports: ReportModes { old, new } })
    }

    /// Whether the new configuration allows anything that the old one does not.
    pub fn opens(&self) -> bool {
        (self.reports.new && !self.reports.old) || !self.allowed.is_empty()
    }
}

fn of_method<'s>(shapes: &'s BTreeSet<Shape>, method: &'s str) -> impl Iterator<Item = &'s Shape> + Clone {
    shapes.iter().filter(move |shape| shape.method() == method)
}
