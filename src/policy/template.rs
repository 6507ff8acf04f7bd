//! Route templates: a method and a path with parameters, as they are written down.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use super::trailing_slash::TrailingSlash;
use crate::limits::PATH_SEGMENTS;
use crate::path;
use crate::percent;

/// A route as it is written down: `GET /v1/threads/{thread_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    /// The HTTP method, or `WEBSOCKET` for a WebSocket upgrade.
    pub method: String,
    /// The path, segment by segment.
    pub segments: Vec<Segment>,
    /// The parameters that are one segment, by name, with the place of the segment.
    parameters: Vec<(String, usize)>,
    /// The route as it is written.
    pub text: String,
}

/// A segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This text, in normal form.
    Literal(String),
    /// Any segment that is not empty.
    Parameter,
    /// All that is left, slashes included.
    Rest,
}

/// The method that stands for a WebSocket upgrade in a route.
pub const WEBSOCKET: &str = "WEBSOCKET";

/// Why a text is not a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// Not a method and a path.
    #[error("write a route as `METHOD /path`")]
    NotMethodAndPath,
    /// The method is not upper-case letters.
    #[error("the method must be upper-case letters, for example GET, or WEBSOCKET for an upgrade")]
    Method,
    /// The path is not in normal form.
    #[error(
        "the path must begin with a slash and be written as requests are compared: no empty or dot segments, no query, no encoded slashes"
    )]
    Path,
    /// A brace where none may be.
    #[error("a parameter is a whole segment: `{{name}}`, or `{{name:path}}` for the rest of the path")]
    Braces,
    /// Two parameters of one name.
    #[error("a parameter name occurs twice")]
    RepeatedParameter,
    /// Something behind the rest of a path.
    #[error("`{{name:path}}` must be the last segment")]
    RestNotLast,
    /// More segments than [`PATH_SEGMENTS`].
    #[error("the path has too many segments")]
    TooManySegments,
}

impl RouteTemplate {
    /// Reads `METHOD /path`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] says what to write instead.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (method, template) = text.split_once(' ').ok_or(TemplateError::NotMethodAndPath)?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            return Err(TemplateError::Method);
        }
        let relative = template.strip_prefix('/').ok_or(TemplateError::Path)?;
        if relative.split('/').nth(PATH_SEGMENTS).is_some() {
            return Err(TemplateError::TooManySegments);
        }
        let mut segments = Vec::new();
        let (mut names, mut parameters) = (Vec::new(), Vec::new());
        for segment in relative.split('/') {
            if segments.last() == Some(&Segment::Rest) {
                return Err(TemplateError::RestNotLast);
            }
            let parsed = parse_segment(segment, &mut names)?;
            if let (Segment::Parameter, Some(name)) = (&parsed, names.last()) {
                parameters.push(((*name).to_owned(), segments.len()));
            }
            segments.push(parsed);
        }
        let literal_path: String = segments
            .iter()
            .flat_map(|segment| match segment {
                Segment::Literal(text) => ["/", text.as_str()],
                Segment::Parameter | Segment::Rest => ["/", "parameter"],
            })
            .collect();
        if path::normalise(&literal_path).as_deref() != Ok(literal_path.as_str()) {
            return Err(TemplateError::Path);
        }
        Ok(Self { method: method.to_owned(), segments, parameters, text: text.to_owned() })
    }

    /// Which segment of the path the parameter `name` is, if it is one segment.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, segment)| *segment)
    }

    /// The name of the parameter that is the segment `segment` of the path, if it is one segment.
    pub fn parameter_at(&self, segment: usize) -> Option<&str> {
        self.parameters.iter().find(|(_, own)| *own == segment).map(|(name, _)| name.as_str())
    }

    /// Whether this is the route of an upgrade.
    pub fn is_websocket(&self) -> bool {
        self.method == WEBSOCKET
    }

    /// The template as it is compared where a slash at the end is `trailing_slash`.
    pub fn normalized(mut self, trailing_slash: TrailingSlash) -> Self {
        let has_slash =
            self.segments.len() > 1 && self.segments.last() == Some(&Segment::Literal(String::new()));
        if has_slash && trailing_slash == TrailingSlash::Ignored {
            self.segments.pop();
        }
        self
    }

    /// The template with parameter names left out: two routes with the same shape match the same requests.
    pub fn shape(&self) -> String {
        let mut shape = self.method.clone();
        for segment in &self.segments {
            shape.push('/');
            shape.push_str(match segment {
                Segment::Literal(text) => text,
                Segment::Parameter => "{}",
                Segment::Rest => "{:path}",
            });
        }
        shape
    }
}

fn parse_segment<'t>(segment: &'t str, names: &mut Vec<&'t str>) -> Result<Segment, TemplateError> {
    if !segment.contains(['{', '}']) {
        // Written for a person; compared in normal form. A plain non-ASCII letter is its escape.
        let mut literal = String::new();
        let (first, rest) = unescaped_first(segment);
        literal.extend(first);
        for byte in rest.bytes() {
            if byte.is_ascii() {
                literal.push(char::from(byte))
            } else {
                literal.push_str(percent::escape(byte))
            }
        }
        return Ok(Segment::Literal(literal));
    }
    let inner =
        segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(TemplateError::Braces)?;
    let (name, kind) = match inner.split_once(':') {
        None => (inner, Segment::Parameter),
        Some((name, "path")) => (name, Segment::Rest),
        Some(_) => return Err(TemplateError::Braces),
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(TemplateError::Braces);
    }
    if names.contains(&name) {
        return Err(TemplateError::RepeatedParameter);
    }
    names.push(name);
    Ok(kind)
}

/// What a segment begins with, if that is written as an escape so that nobody takes the segment for the parameter of another
/// tool, like `$metadata` or `:cancel`; and the rest.
fn unescaped_first(segment: &str) -> (Option<char>, &str) {
    for (escape, first) in [("%24", '$'), ("%3A", ':')] {
        if let Some(rest) = segment.strip_prefix(escape) {
            return (Some(first), rest);
        }
    }
    (None, segment)
}

#[cfg(test)]
mod tests {
    use super::{RouteTemplate, TemplateError};

    #[test]
    fn a_literal_may_begin_with_an_escape() {
        for (text, shape) in [("GET /%24count", "GET/$count"), ("GET /a/%3Acancel/b", "GET/a/:cancel/b")] {
            assert_eq!(RouteTemplate::parse(text).unwrap().shape(), shape);
        }
        assert_eq!(RouteTemplate::parse("GET /a%24"), Err(TemplateError::Path));
        assert_eq!(RouteTemplate::parse("GET /%24%61"), Err(TemplateError::Path));
    }

    #[test]
    fn templates_that_are_not() {
        for (text, error) in [
            ("/x", TemplateError::NotMethodAndPath),
            ("get /x", TemplateError::Method),
            (" /x", TemplateError::Method),
            ("GET x", TemplateError::Path),
            ("GET /a//b", TemplateError::Path),
            ("GET /a/../b", TemplateError::Path),
            ("GET /a%2Fb", TemplateError::Path),
            ("GET /%61", TemplateError::Path),
            ("GET /a?b", TemplateError::Path),
            ("GET /{", TemplateError::Braces),
            ("GET /x{y}", TemplateError::Braces),
            ("GET /{}", TemplateError::Braces),
            ("GET /{a:int}", TemplateError::Braces),
            ("GET /{a}/{a}", TemplateError::RepeatedParameter),
            ("GET /{a:path}/b", TemplateError::RestNotLast),
        ] {
            assert_eq!(RouteTemplate::parse(text), Err(error), "{text}");
        }
        assert!(RouteTemplate::parse("GET /naïve/{x}/").is_ok());
    }
}
