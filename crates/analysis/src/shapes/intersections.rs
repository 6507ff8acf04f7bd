//! Where two routes match the same requests.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::shape::Shape;

/// Most kinds of requests that are told apart because several routes match them. Routes overlap in few ways; only
/// made-up ones come near.
const INTERSECTIONS: usize = 10_000;

/// The routes overlap in too many ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the routes overlap in too many ways to be compared")]
pub struct TooManyOverlaps;

/// Kinds of requests.
#[derive(Debug)]
pub(crate) struct Intersections {
    /// The shapes that were given, their parts and intersections.
    pub(crate) all: BTreeSet<Shape>,
    /// What each part is a part of.
    pub(crate) parts: BTreeMap<Shape, Shape>,
}

/// The shapes with all their parts and intersections. Two requests that match
/// the same of these are served by the same route whatever policy has routes of these shapes, so that one request for
/// each is enough to compare policies.
pub(crate) fn with_intersections(written: &BTreeSet<Shape>) -> Result<Intersections, TooManyOverlaps> {
    let longest = written.iter().map(|shape| shape.segments().len()).max().unwrap_or_default();
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
            return Err(TooManyOverlaps);
        }
        next = next.saturating_add(1);
    }
    Ok(Intersections { all: known, parts })
}

#[cfg(test)]
mod tests {
    use super::with_intersections;
    use crate::shapes::shape::Shape;

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
        let shown: Vec<String> = all.unwrap().all.iter().map(ToString::to_string).collect();
        assert!(shown.contains(&"GET /a/b/c".to_owned()), "{shown:?}");
        assert_eq!(shown.len(), 4);
    }

    #[test]
    fn parts_of_the_rest() {
        let written = ["GET /a/{rest:path}", "GET /b"].map(|text| Shape::parse(text).unwrap());
        let found = with_intersections(&written.into_iter().collect()).unwrap();
        let shown: Vec<String> = found.parts.keys().map(ToString::to_string).collect();
        assert_eq!(shown, ["GET /a/", "GET /a/{}", "GET /a/{}/", "GET /a/{}/{}"]);
        assert_eq!(found.all.len(), 6);
    }

    #[test]
    fn a_tangle_is_refused_instead_of_untangled() {
        // Each of them leaves another segment open: they meet in every subset.
        let tangle = (0..40).map(|open| {
            let path: String =
                (0..40).map(|n| if n == open { "/a".to_owned() } else { format!("/{{p{n}}}") }).collect();
            Shape::parse(&format!("GET {path}")).unwrap()
        });
        assert!(with_intersections(&tangle.collect()).is_err());
    }
}
