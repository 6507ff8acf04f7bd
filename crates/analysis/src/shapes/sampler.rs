//! Requests for shapes.

use std::collections::BTreeSet;

use portcullis::limits::PATH_SEGMENTS;
use portcullis::parts::Route;
use portcullis::{Gate, PathError};

use super::shape::{Segment, Shape};
use crate::route;

/// Makes requests that match a shape and, of the other shapes it knows, only those that are wider.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// A segment that is no literal of any shape.
    fresh: String,
    /// The most segments of any shape.
    longest: usize,
}

impl Sampler {
    pub(crate) fn new<'s>(shapes: impl Iterator<Item = &'s Shape> + Clone) -> Self {
        let literals: BTreeSet<&str> = shapes
            .clone()
            .flat_map(|shape| shape.segments())
            .filter_map(|segment| match segment {
                Segment::Literal(text) => Some(text.as_str()),
                Segment::Parameter | Segment::Rest => None,
            })
            .collect();
        let mut fresh = "x".to_owned();
        while literals.contains(fresh.as_str()) {
            fresh.push('x');
        }
        Self { fresh, longest: shapes.map(|shape| shape.segments().len()).max().unwrap_or_default() }
    }

    /// The path of such a request.
    pub(crate) fn path(&self, shape: &Shape) -> String {
        let mut path = String::new();
        for segment in shape.segments() {
            let (text, times) = match segment {
                Segment::Literal(text) => (text, 1),
                Segment::Parameter => (&self.fresh, 1),
                // Longer than any shape that does not end in a rest itself.
                Segment::Rest => {
                    let before = shape.segments().len().saturating_sub(1);
                    let total = self.longest.saturating_add(1).min(PATH_SEGMENTS);
                    (&self.fresh, total.saturating_sub(before).max(1))
                }
            };
            for _ in 0..times {
                path.push('/');
                path.push_str(text);
            }
        }
        path
    }

    /// The route that serves requests of this shape in `gate`.
    ///
    /// # Errors
    ///
    /// [`PathError`] if no request has this shape.
    pub(crate) fn route<'g>(&self, gate: &'g Gate, shape: &Shape) -> Result<Option<&'g Route>, PathError> {
        route::find(gate, shape.method(), &self.path(shape))
    }
}
