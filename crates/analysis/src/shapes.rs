//! Kinds of requests: which a route matches, and where two routes match the same ones.

mod intersections;
mod sampler;
mod shape;

pub use intersections::TooManyOverlaps;
pub(crate) use intersections::{Intersections, with_intersections};
pub(crate) use sampler::Sampler;
pub use shape::Shape;

use portcullis::Gate;

/// The shapes of all routes of `gate`.
pub(crate) fn of_routes(gate: &Gate) -> impl Iterator<Item = Shape> {
    let routes = &gate.parts().policy.routes;
    routes.iter().map(|route| Shape::of(route, routes.trailing_slash()))
}
