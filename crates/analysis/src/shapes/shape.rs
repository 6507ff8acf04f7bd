//! Which requests a route matches.

use core::fmt;

use portcullis::limits::PATH_SEGMENTS;
use portcullis::parts::{self, Route, RouteTemplate, TemplateError, TrailingSlash};

/// A method and a path template without parameter names. Routes with one shape match the same requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    segments: Vec<Segment>,
    method: String,
}

/// A segment of a shape.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    Literal(String),
    Parameter,
    /// One or more segments.
    Rest,
}

impl Shape {
    /// The shape of a route text, `METHOD /path`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] says what to write instead.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        RouteTemplate::parse(text).map(Self::new)
    }

    /// The shape of a route of a policy in which a slash at the end of a path is `trailing_slash`.
    pub fn of(route: &Route, trailing_slash: TrailingSlash) -> Self {
        match RouteTemplate::parse(&route.text) {
            Ok(template) => Self::new(template.normalized(trailing_slash)),
            // INVARIANT: the text was read when the configuration was loaded.
            Err(_) => Self { segments: Vec::new(), method: route.method.clone() },
        }
    }

    fn new(template: RouteTemplate) -> Self {
        let segments = template.segments.into_iter().map(|segment| match segment {
            parts::Segment::Literal(text) => Segment::Literal(text),
            parts::Segment::Parameter => Segment::Parameter,
            parts::Segment::Rest => Segment::Rest,
        });
        Self { segments: segments.collect(), method: template.method }
    }

    /// The method of its requests.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The same path of another method.
    pub(crate) fn with_method(&self, method: &str) -> Self {
        Self { segments: self.segments.clone(), method: method.to_owned() }
    }

    /// The segments of its path.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The shape of the requests that both match.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
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
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.meet(other).as_ref() == Some(other)
    }

    /// The shapes of its requests with and without a slash at the end of the path.
    pub(crate) fn with_and_without_slash(&self) -> impl Iterator<Item = Self> + use<> {
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
    pub(crate) fn is_open(&self) -> bool {
        self.segments.last() == Some(&Segment::Rest)
    }

    /// The shapes of a certain length, at most `longest`, that this one stands for if it is open: one of another route can
    /// take the longer of its requests and leave it the shorter.
    pub(crate) fn parts(&self, longest: usize) -> Vec<Self> {
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
    pub(crate) fn rest_as_parameter(mut self) -> Self {
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
