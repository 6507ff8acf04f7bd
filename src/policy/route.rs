//! Routes: a method and a path template each, compiled to a trie of segments.
//!
//! A literal segment beats a parameter, a parameter beats the rest of the path, and a branch that has no route for the
//! method is left again: the order in which routes are written down never matters.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Binding, Permission, PermissionIndex, TrailingSlash};
use crate::limits::PATH_SEGMENTS;
use crate::path;

/// What a route asks of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: anybody may use it.
    Public,
    /// Nobody may use it.
    Refused,
    /// This permission.
    Permission(Permission),
}

impl Access {
    /// Parses `public`, `refused` or a permission.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "public" => Some(Self::Public),
            "refused" => Some(Self::Refused),
            other => Permission::parse(other).map(Self::Permission),
        }
    }
}

/// A route as it is written down: `GET /v1/threads/{thread_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteTemplate {
    /// The HTTP method, or `WEBSOCKET` for a WebSocket upgrade.
    method: String,
    segments: Vec<Segment>,
    /// The parameters that are one segment, by name, with the place of the segment.
    parameters: Vec<(String, usize)>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter,
    Rest,
}

/// The method that stands for a WebSocket upgrade in a route.
pub(crate) const WEBSOCKET: &str = "WEBSOCKET";

/// Why a text is not a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum TemplateError {
    NotMethodAndPath,
    Method,
    Path,
    Braces,
    RepeatedParameter,
    RestNotLast,
    TooManySegments,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMethodAndPath => "write a route as `METHOD /path`",
            Self::Method => "the method must be upper-case letters, for example GET, or WEBSOCKET for an upgrade",
            Self::Path => {
                "the path must begin with a slash and be written as requests are compared: no empty or dot segments, no query, no encoded slashes"
            }
            Self::Braces => "a parameter is a whole segment: `{name}`, or `{name:path}` for the rest of the path",
            Self::RepeatedParameter => "a parameter name occurs twice",
            Self::RestNotLast => "`{name:path}` must be the last segment",
            Self::TooManySegments => "the path has too many segments",
        })
    }
}

impl RouteTemplate {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let (method, template) = text.split_once(' ').ok_or(TemplateError::NotMethodAndPath)?;
        if method.is_empty() || !method.bytes().all(|octet| octet.is_ascii_uppercase()) {
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
    pub(crate) fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, segment)| *segment)
    }

    /// Whether this is the route of an upgrade.
    pub(crate) fn is_websocket(&self) -> bool {
        self.method == WEBSOCKET
    }

    /// The template as it is compared where a slash at the end is `trailing_slash`.
    pub(crate) fn compared(mut self, trailing_slash: TrailingSlash) -> Self {
        let has_slash =
            self.segments.len() > 1 && self.segments.last() == Some(&Segment::Literal(String::new()));
        if has_slash && trailing_slash == TrailingSlash::Ignored {
            self.segments.pop();
        }
        self
    }

    /// The template with parameter names left out: two routes with the same shape match the same requests.
    pub(crate) fn shape(&self) -> String {
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
        for octet in segment.bytes() {
            if octet.is_ascii() {
                literal.push(char::from(octet))
            } else {
                path::push_escape(&mut literal, octet)
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
    if name.is_empty() || !name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_') {
        return Err(TemplateError::Braces);
    }
    if names.contains(&name) {
        return Err(TemplateError::RepeatedParameter);
    }
    names.push(name);
    Ok(kind)
}

/// A route with all that is written about it.
#[derive(Debug, Clone)]
pub(crate) struct WrittenRoute {
    pub(crate) template: RouteTemplate,
    pub(crate) access: Access,
    pub(crate) bindings: Vec<Binding>,
    /// The hosts it is served for, as [`Route::hosts`].
    pub(crate) hosts: Vec<String>,
}

impl WrittenRoute {
    /// A route for callers of any host that are bound to nothing.
    pub(crate) fn new(template: RouteTemplate, access: Access) -> Self {
        Self { template, access, bindings: Vec::new(), hosts: Vec::new() }
    }
}

/// A compiled route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The route as written.
    pub(crate) text: String,
    pub(crate) access: CompiledAccess,
    /// What a caller is bound to, besides having the permission.
    pub(crate) bindings: Vec<Binding>,
    /// The hosts it is served for, in lower case; empty for all. For any other host there is no such route.
    pub(crate) hosts: Vec<String>,
    pub(crate) method: String,
}

/// [`Access`] with the permission replaced by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompiledAccess {
    Public,
    Refused,
    Permission(PermissionIndex),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) literals: BTreeMap<String, usize>,
    pub(super) parameter: Option<usize>,
    /// Routes that end here, by index.
    pub(super) routes: Vec<usize>,
    /// Routes that end in a rest parameter here.
    pub(super) rest: Vec<usize>,
}

/// All routes, and the permissions they ask for.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    pub(super) routes: Vec<Route>,
    /// Sorted, without repetitions.
    permissions: Vec<Permission>,
    /// The trie; its root comes first.
    pub(super) nodes: Vec<Node>,
    trailing_slash: TrailingSlash,
}

impl Routes {
    /// Compiles routes. No two may have the same shape; the configuration sees to it.
    pub(crate) fn compile(written: Vec<WrittenRoute>) -> Self {
        let mut permissions: Vec<Permission> = written
            .iter()
            .filter_map(|route| match &route.access {
                Access::Permission(permission) => Some(permission.clone()),
                Access::Public | Access::Refused => None,
            })
            .collect();
        permissions.sort_unstable();
        permissions.dedup();
        let nodes = Vec::from([Node::default()]);
        let mut compiled =
            Self { routes: Vec::new(), permissions, nodes, trailing_slash: TrailingSlash::Distinct };
        for route in written {
            compiled.insert(route);
        }
        compiled
    }

    /// The same routes, found for paths whose slash at the end is `trailing_slash`. Their templates have been compared
    /// ([`RouteTemplate::compared`]) in the same way.
    pub(crate) fn with_trailing_slash(self, trailing_slash: TrailingSlash) -> Self {
        Self { trailing_slash, ..self }
    }

    pub(super) fn trailing_slash(&self) -> TrailingSlash {
        self.trailing_slash
    }

    fn insert(&mut self, written: WrittenRoute) {
        let WrittenRoute { template, access, bindings, hosts } = written;
        let access = match &access {
            Access::Public => CompiledAccess::Public,
            Access::Refused => CompiledAccess::Refused,
            Access::Permission(permission) => match self.permissions.binary_search(permission) {
                Ok(index) => CompiledAccess::Permission(PermissionIndex(index)),
                Err(_) => CompiledAccess::Refused,
            },
        };
        let route = self.routes.len();
        let mut node = 0;
        let mut rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = self.child(node, Some(text)),
                Segment::Parameter => node = self.child(node, None),
                Segment::Rest => rest = true,
            }
        }
        if let Some(node) = self.nodes.get_mut(node) {
            if rest { node.rest.push(route) } else { node.routes.push(route) }
        }
        self.routes.push(Route { text: template.text, access, bindings, hosts, method: template.method });
    }

    /// The child of `node` for a literal or, with `None`, for a parameter; made if there is none.
    fn child(&mut self, node: usize, literal: Option<&str>) -> usize {
        let next = self.nodes.len();
        let Some(parent) = self.nodes.get_mut(node) else { return next };
        let child = match literal {
            Some(text) => *parent.literals.entry(text.to_owned()).or_insert(next),
            None => *parent.parameter.get_or_insert(next),
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The route that serves `method` (or an upgrade) at `path`, which must be in normal form.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<&Route> {
        let path = self.trailing_slash.compared(path);
        self.walk(self.nodes.first()?, method, path.strip_prefix('/')?)
    }

    // Recursion is bounded by the depth of the trie, which `PATH_SEGMENTS` bounds; each node is visited at most once
    // per request, since only one path of segments leads to it.
    fn walk(&self, node: &Node, method: &str, rest: &str) -> Option<&Route> {
        let (segment, tail) = match rest.split_once('/') {
            Some((segment, tail)) => (segment, Some(tail)),
            None => (rest, None),
        };
        let below = |child: Option<usize>| {
            let node = self.nodes.get(child?)?;
            match tail {
                Some(tail) => self.walk(node, method, tail),
                None => self.pick(&node.routes, method),
            }
        };
        // A parameter never matches the empty segment after a trailing slash.
        below(node.literals.get(segment).copied())
            .or_else(|| below(node.parameter.filter(|_| !segment.is_empty())))
            .or_else(|| self.pick(&node.rest, method))
    }

    pub(super) fn pick(&self, routes: &[usize], method: &str) -> Option<&Route> {
        routes.iter().filter_map(|index| self.routes.get(*index)).find(|route| route.method == method)
    }

    /// The bindings of all routes.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.routes.iter().flat_map(|route| &route.bindings)
    }

    /// Every route.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    pub(crate) fn permission(&self, PermissionIndex(index): PermissionIndex) -> Option<&Permission> {
        self.permissions.get(index)
    }

    pub(crate) fn permissions(&self) -> impl Iterator<Item = (PermissionIndex, &Permission)> {
        self.permissions.iter().enumerate().map(|(index, permission)| (PermissionIndex(index), permission))
    }

    pub(crate) fn permission_count(&self) -> usize {
        self.permissions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, RouteTemplate, Routes, TemplateError, TrailingSlash, WrittenRoute};
    use alloc::string::String;
    use alloc::vec::Vec;

    fn routes(written: &[&str]) -> Routes {
        let compiled: Vec<_> = written
            .iter()
            .map(|text| WrittenRoute::new(RouteTemplate::parse(text).unwrap(), Access::parse("r:a").unwrap()))
            .collect();
        Routes::compile(compiled)
    }

    #[test]
    fn literal_beats_parameter_beats_rest_in_any_order() {
        let mut written = [
            "POST /store/{id}",
            "POST /store/list",
            "DELETE /store/{id}",
            "POST /store/{id}/tags",
            "POST /store/{rest:path}",
            "GET /graph:Schema",
            "GET /",
            "WEBSOCKET /ws",
        ];
        for _ in 0..written.len() {
            written.rotate_left(1);
            let routes = routes(&written);
            let find = |method: &str, path: &str| routes.find(method, path).map(|route| route.text.clone());
            for (method, path, expected) in [
                ("POST", "/store/list", "POST /store/list"),
                ("POST", "/store/x", "POST /store/{id}"),
                // The literal has no DELETE: the parameter does.
                ("DELETE", "/store/list", "DELETE /store/{id}"),
                ("POST", "/store/list/tags", "POST /store/{id}/tags"),
                ("POST", "/store/list/other", "POST /store/{rest:path}"),
                ("POST", "/store/", "POST /store/{rest:path}"),
                ("GET", "/graph:Schema", "GET /graph:Schema"),
                ("GET", "/", "GET /"),
                ("WEBSOCKET", "/ws", "WEBSOCKET /ws"),
            ] {
                assert_eq!(find(method, path), Some(String::from(expected)), "{method} {path}");
            }
            for (method, path) in [
                ("GET", "/store/x"),
                ("DELETE", "/store/"),
                ("POST", "/store"),
                ("GET", "/ws"),
                ("GET", "/Graph:schema"),
            ] {
                assert_eq!(find(method, path), None, "{method} {path}");
            }
        }
    }

    #[test]
    fn a_slash_at_the_end_counts_or_does_not() {
        let written = ["GET /", "GET /a", "GET /b/", "GET /c/{id}", "GET /d/{rest:path}"];
        for (trailing_slash, slashed) in [(TrailingSlash::Distinct, false), (TrailingSlash::Ignored, true)] {
            let compared = written.iter().map(|text| {
                let template = RouteTemplate::parse(text).unwrap().compared(trailing_slash);
                WrittenRoute::new(template, Access::parse("r:a").unwrap())
            });
            let routes = Routes::compile(compared.collect()).with_trailing_slash(trailing_slash);
            for (path, found) in [
                ("/", true),
                ("/a", true),
                ("/a/", slashed),
                ("/b", slashed),
                ("/b/", true),
                ("/c/1", true),
                ("/c/1/", slashed),
                ("/c/", false),
                ("/d", false),
                ("/d/", !slashed),
                ("/d/1", true),
                ("/d/1/", true),
            ] {
                assert_eq!(routes.find("GET", path).is_some(), found, "{trailing_slash:?} {path}");
            }
        }
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
