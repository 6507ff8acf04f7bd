//! Which requests a route matches, and where two routes match the same ones.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use portcullis::limits::PATH_SEGMENTS;
use portcullis::{Gate, SurveyedRoute, route_shape};

use crate::output::Failure;

/// Most kinds of requests that are told apart because several routes match them. Routes overlap in few ways; only
/// made-up ones come near.
const INTERSECTIONS: usize = 10_000;

/// A method and a path template without parameter names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    segments: Vec<Segment>,
    method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter,
    /// One or more segments.
    Rest,
}

impl Shape {
    /// The shape of a route text.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let path = route_shape(text)?;
        Ok(Self::new(text.split_once(' ').map_or("", |(method, _)| method), &path))
    }

    /// The shape of a route.
    pub(super) fn of(route: &SurveyedRoute<'_>) -> Self {
        Self::new(route.method(), &route.shape())
    }

    fn new(method: &str, path: &str) -> Self {
        let segments = path.split('/').skip(1).map(|segment| match segment {
            "{}" => Segment::Parameter,
            "{:path}" => Segment::Rest,
            literal => Segment::Literal(literal.to_owned()),
        });
        Self { segments: segments.collect(), method: method.to_owned() }
    }

    /// The shape of the requests that both match.
    fn meet(&self, other: &Self) -> Option<Self> {
        if self.method != other.method {
            return None;
        }
        let mut segments = Vec::new();
        let (mut left, mut right) = (self.segments.as_slice(), other.segments.as_slice());
        loop {
            match (left.split_first(), right.split_first()) {
                (None, None) => break,
                (Some((Segment::Rest, _)), Some(_)) => {
                    segments.extend(right);
                    break;
                }
                (Some(_), Some((Segment::Rest, _))) => {
                    segments.extend(left);
                    break;
                }
                (Some((one, left_tail)), Some((another, right_tail))) => {
                    segments.push(match (one, another) {
                        (a, b) if a == b => a,
                        // A parameter does not match the empty segment after a trailing slash.
                        (Segment::Literal(text), Segment::Parameter) if !text.is_empty() => one,
                        (Segment::Parameter, Segment::Literal(text)) if !text.is_empty() => another,
                        _ => return None,
                    });
                    (left, right) = (left_tail, right_tail);
                }
                _ => return None,
            }
        }
        Some(Self { segments: segments.into_iter().cloned().collect(), method: self.method.clone() })
    }

    /// Whether all requests that `other` matches are matched by this as well.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.meet(other).as_ref() == Some(other)
    }

    /// The shapes of its requests with and without a slash at the end of the path.
    pub(super) fn with_and_without_slash(&self) -> impl Iterator<Item = Self> + use<> {
        let mut without = self.clone();
        if self.segments.len() > 1 {
            without.segments.pop_if(|last| match last {
                Segment::Literal(text) => text.is_empty(),
                Segment::Rest => true,
                Segment::Parameter => false,
            });
        }
        let mut with = without.clone();
        with.segments.push(Segment::Literal(String::new()));
        [without, with].into_iter()
    }

    /// Whether it ends in the rest of the path.
    pub(super) fn is_open(&self) -> bool {
        self.segments.last() == Some(&Segment::Rest)
    }

    /// The shapes of a certain length, at most `longest`, that this one stands for if it is open: one of another route can
    /// take the longer of its requests and leave it the shorter.
    fn parts(&self, longest: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let Some((Segment::Rest, before)) = self.segments.split_last() else { return parts };
        let mut segments = before.to_vec();
        while segments.len() <= longest && segments.len() < PATH_SEGMENTS {
            for last in [Segment::Literal(String::new()), Segment::Parameter] {
                let segments = segments.iter().cloned().chain([last]).collect();
                parts.push(Self { segments, method: self.method.clone() });
            }
            segments.push(Segment::Parameter);
        }
        parts
    }

    /// The same with a parameter in the place of the rest of the path, as far as one can stand for the other: OpenAPI
    /// has no notation for the rest.
    pub(super) fn rest_as_parameter(mut self) -> Self {
        if let Some(last) = self.segments.last_mut().filter(|last| **last == Segment::Rest) {
            *last = Segment::Parameter;
        }
        self
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method)?;
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Parameter => f.write_str("/{}")?,
                Segment::Rest => f.write_str("/{:path}")?,
            }
        }
        Ok(())
    }
}

/// The shapes with all their parts and intersections, and for each part what it is a part of. Two requests that match
/// the same of these are served by the same route whatever policy has routes of these shapes, so that one request for
/// each is enough to compare policies.
pub(super) fn with_intersections(
    written: &BTreeSet<Shape>,
) -> Result<(BTreeSet<Shape>, BTreeMap<Shape, Shape>), Failure> {
    let longest = written.iter().map(|shape| shape.segments.len()).max().unwrap_or_default();
    let parts: BTreeMap<Shape, Shape> = written
        .iter()
        .flat_map(|shape| shape.parts(longest).into_iter().map(|part| (part, shape.clone())))
        .collect();
    let shapes: BTreeSet<Shape> = written.iter().chain(parts.keys()).cloned().collect();
    let mut all: Vec<Shape> = shapes.iter().cloned().collect();
    let most = shapes.len().saturating_add(INTERSECTIONS);
    let mut known = shapes;
    let mut next = 0;
    while let Some(shape) = all.get(next).cloned() {
        let met: Vec<Shape> = all.iter().take(next).filter_map(|other| shape.meet(other)).collect();
        for meet in met {
            if known.insert(meet.clone()) {
                all.push(meet);
            }
        }
        if all.len() > most {
            return Err("the routes overlap in too many ways to be compared".to_owned());
        }
        next = next.saturating_add(1);
    }
    Ok((known, parts))
}

/// Makes requests that match a shape and, of the other shapes it knows, only those that are wider.
pub(super) struct Sampler {
    /// A segment that is no literal of any shape.
    fresh: String,
    /// The most segments of any shape.
    longest: usize,
}

impl Sampler {
    pub(super) fn new<'s>(shapes: impl Iterator<Item = &'s Shape> + Clone) -> Self {
        let literals: BTreeSet<&str> = shapes
            .clone()
            .flat_map(|shape| &shape.segments)
            .filter_map(|segment| match segment {
                Segment::Literal(text) => Some(text.as_str()),
                Segment::Parameter | Segment::Rest => None,
            })
            .collect();
        let mut fresh = "x".to_owned();
        while literals.contains(fresh.as_str()) {
            fresh.push('x');
        }
        Self { fresh, longest: shapes.map(|shape| shape.segments.len()).max().unwrap_or_default() }
    }

    fn path(&self, shape: &Shape) -> String {
        let mut path = String::new();
        for segment in &shape.segments {
            let (text, times) = match segment {
                Segment::Literal(text) => (text, 1),
                Segment::Parameter => (&self.fresh, 1),
                // Longer than any shape that does not end in a rest itself.
                Segment::Rest => {
                    let before = shape.segments.len().saturating_sub(1);
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
    pub(super) fn route<'g>(
        &self,
        gate: &'g Gate,
        shape: &Shape,
    ) -> Result<Option<SurveyedRoute<'g>>, Failure> {
        gate.route_for(&shape.method, &self.path(shape)).map_err(|error| format!("{shape}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, with_intersections};

    #[test]
    fn intersections() {
        let shape = |text: &str| Shape::parse(text).unwrap();
        for (one, another, expected) in [
            ("GET /a/{x}", "GET /a/b", Some("GET /a/b")),
            ("GET /a/{x}/c", "GET /a/b/{y}", Some("GET /a/b/c")),
            ("GET /a/{x}/c", "GET /{rest:path}", Some("GET /a/{}/c")),
            ("GET /{x}/b/{rest:path}", "GET /a/{rest:path}", Some("GET /a/b/{:path}")),
            ("GET /a/", "GET /a/{rest:path}", Some("GET /a/")),
            ("GET /a/", "GET /a/{x}", None),
            ("GET /a", "GET /a/{rest:path}", None),
            ("GET /a/{x}", "POST /a/b", None),
            ("GET /a/{x}", "GET /b/{x}", None),
            ("GET /a", "GET /a/b", None),
        ] {
            let (one, another) = (shape(one), shape(another));
            assert_eq!(one.meet(&another).map(|meet| meet.to_string()).as_deref(), expected);
            assert_eq!(another.meet(&one), one.meet(&another));
        }
        let all = with_intersections(
            &["GET /{x}/b/c", "GET /a/{x}/c", "GET /a/b/{x}"].into_iter().map(shape).collect(),
        );
        let shown: Vec<String> = all.unwrap().0.iter().map(ToString::to_string).collect();
        assert!(shown.contains(&"GET /a/b/c".to_owned()), "{shown:?}");
        assert_eq!(shown.len(), 4);
    }

    #[test]
    fn parts_of_the_rest() {
        let written = ["GET /a/{rest:path}", "GET /b"].map(|text| Shape::parse(text).unwrap());
        let (all, parts) = with_intersections(&written.into_iter().collect()).unwrap();
        let shown: Vec<String> = parts.keys().map(ToString::to_string).collect();
        assert_eq!(shown, ["GET /a/", "GET /a/{}", "GET /a/{}/", "GET /a/{}/{}"]);
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn a_tangle_is_refused_instead_of_untangled() {
        // Each of them leaves another segment open: they meet in every subset.
        let tangle = (0..40).map(|open| {
            let path: String =
                (0..40).map(|n| if n == open { "/a".to_owned() } else { format!("/{{p{n}}}") }).collect();
            Shape::parse(&format!("GET {path}")).unwrap()
        });
        assert!(with_intersections(&tangle.collect()).unwrap_err().contains("too many ways"));
    }
}
