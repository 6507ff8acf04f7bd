//! Routes: a method and a path template each, compiled to a trie of segments.
//!
//! A literal segment beats a parameter, a parameter beats the rest of the path, and a branch that has no route for the
//! method is left again: the order in which routes are written down never matters.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use super::binding::Binding;
use super::permission::Permission;
use super::permission_id::PermissionId;
use super::template::{RouteTemplate, Segment};
use super::text_index::TextIndex;
use super::trailing_slash::TrailingSlash;
use crate::handling::RouteCredential;
use crate::limits::BODY_BYTES;
use crate::path::cut;
use crate::rate_limit::RateLimit;

/// What a route asks of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anybody may use it.
    Public,
    /// Nobody may use it.
    Refused,
    /// This permission.
    Permission(Permission),
}

impl Access {
    /// Parses `public`, `refused` or a permission.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "public" => Some(Self::Public),
            "refused" => Some(Self::Refused),
            other => Permission::parse(other).map(Self::Permission),
        }
    }
}

/// A route with all that is written about it.
#[derive(Debug, Clone)]
pub struct WrittenRoute {
    /// Method and path.
    pub template: RouteTemplate,
    /// What it asks for.
    pub access: Access,
    /// What a caller is bound to.
    pub bindings: Vec<Binding>,
    /// The hosts it is served for, as [`Route::hosts`].
    pub hosts: Vec<String>,
    /// What it says about credentials.
    pub credential: RouteCredential,
    /// How often one client may use it.
    pub limit: Option<RateLimit>,
    /// The longest body that bindings are compared with, in bytes.
    pub body_bytes: usize,
}

impl WrittenRoute {
    /// A route for callers of any host that are bound to nothing.
    pub fn new(template: RouteTemplate, access: Access) -> Self {
        Self {
            template,
            access,
            bindings: Vec::new(),
            hosts: Vec::new(),
            credential: RouteCredential::AsElsewhere,
            limit: None,
            body_bytes: BODY_BYTES,
        }
    }
}

/// A compiled route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The route as written.
    pub text: String,
    /// What it asks of a caller.
    pub access: CompiledAccess,
    /// What a caller is bound to, besides having the permission.
    pub bindings: Vec<Binding>,
    /// The hosts it is served for, in lower case; empty for all. For any other host there is no such route.
    pub hosts: Vec<String>,
    /// What it says about credentials.
    pub credential: RouteCredential,
    /// How often one client may use it; by which number its uses are counted.
    pub limit: Option<(usize, RateLimit)>,
    /// The longest body that bindings are compared with, in bytes.
    pub body_bytes: usize,
    /// The HTTP method, or `WEBSOCKET` for an upgrade.
    pub method: String,
}

/// [`Access`] with the permission replaced by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompiledAccess {
    /// Anybody may use it.
    Public,
    /// Nobody may use it.
    Refused,
    /// This permission.
    Permission(PermissionId),
}

/// A place in the trie of routes: what is left of a path is looked for below it.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The node below, by literal segment.
    pub literals: TextIndex,
    /// The node below for any other segment.
    pub parameter: Option<usize>,
    /// Routes that end here, by index.
    pub routes: Vec<usize>,
    /// Routes that end in a rest parameter here.
    pub rest: Vec<usize>,
}

/// All routes, and the permissions they ask for.
#[derive(Debug, Clone)]
pub struct Routes {
    /// Every route, in the order of their indices.
    pub routes: Vec<Route>,
    /// Sorted, without repetitions.
    permissions: Vec<Permission>,
    /// The trie; its root comes first.
    pub nodes: Vec<Node>,
    trailing_slash: TrailingSlash,
    head_follows_get: bool,
}

/// Two routes that match the same requests, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("two routes match the same requests")]
pub struct DuplicateRoute {
    /// The earlier one.
    pub first: usize,
    /// The later one.
    pub second: usize,
}

impl Routes {
    /// Compiles routes, found for paths whose slash at the end is `trailing_slash`.
    ///
    /// # Errors
    ///
    /// [`DuplicateRoute`] if two match the same requests.
    pub fn compile(
        written: Vec<WrittenRoute>,
        trailing_slash: TrailingSlash,
    ) -> Result<Self, DuplicateRoute> {
        let written: Vec<WrittenRoute> = written
            .into_iter()
            .map(|route| WrittenRoute { template: route.template.normalized(trailing_slash), ..route })
            .collect();
        let mut shapes = BTreeMap::new();
        for (index, route) in written.iter().enumerate() {
            if let Some(first) = shapes.insert(route.template.shape(), index) {
                return Err(DuplicateRoute { first, second: index });
            }
        }
        let mut permissions: BTreeSet<&Permission> = BTreeSet::new();
        permissions.extend(written.iter().filter_map(|route| match &route.access {
            Access::Permission(permission) => Some(permission),
            Access::Public | Access::Refused => None,
        }));
        let permissions = permissions.into_iter().cloned().collect();
        let nodes = Vec::from([Node::default()]);
        let mut compiled =
            Self { routes: Vec::new(), permissions, nodes, trailing_slash, head_follows_get: false };
        let mut literals = Vec::from([BTreeMap::new()]);
        for route in written {
            compiled.insert(route, &mut literals);
        }
        for (node, literals) in compiled.nodes.iter_mut().zip(literals) {
            node.literals = literals.into();
        }
        Ok(compiled)
    }

    /// The same routes to an origin that serves `HEAD` wherever it serves `GET`: a GET route is one for `HEAD` as well, unless
    /// the very same path has its own.
    #[must_use]
    pub fn with_head_following_get(self) -> Self {
        Self { head_follows_get: true, ..self }
    }

    /// Whether a GET route serves `HEAD` as well.
    pub fn head_follows_get(&self) -> bool {
        self.head_follows_get
    }

    /// What a slash at the end of a path is.
    pub fn trailing_slash(&self) -> TrailingSlash {
        self.trailing_slash
    }

    /// Adds a route; `literals` has those of each node, which become its own when all routes are there.
    fn insert(&mut self, written: WrittenRoute, literals: &mut Vec<BTreeMap<String, usize>>) {
        let WrittenRoute { template, access, bindings, hosts, credential, limit, body_bytes } = written;
        let access = match &access {
            Access::Public => CompiledAccess::Public,
            Access::Refused => CompiledAccess::Refused,
            Access::Permission(permission) => match self.permissions.binary_search(permission) {
                Ok(index) => CompiledAccess::Permission(PermissionId(index)),
                Err(_) => CompiledAccess::Refused,
            },
        };
        let route = self.routes.len();
        let mut node = 0;
        let mut rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = self.child(node, Some(text), literals),
                Segment::Parameter => node = self.child(node, None, literals),
                Segment::Rest => rest = true,
            }
        }
        if let Some(node) = self.nodes.get_mut(node) {
            if rest { node.rest.push(route) } else { node.routes.push(route) }
        }
        let RouteTemplate { text, method, .. } = template;
        // 0 is for failures.
        let limit = limit.map(|limit| (route.saturating_add(1), limit));
        self.routes.push(Route { text, access, bindings, hosts, credential, limit, body_bytes, method });
    }

    /// The child of `node` for a literal or, with `None`, for a parameter; made if there is none.
    fn child(
        &mut self,
        node: usize,
        literal: Option<&str>,
        literals: &mut Vec<BTreeMap<String, usize>>,
    ) -> usize {
        let next = self.nodes.len();
        let (Some(parent), Some(own)) = (self.nodes.get_mut(node), literals.get_mut(node)) else {
            return next;
        };
        let child = match literal {
            Some(text) => *own.entry(text.to_owned()).or_insert(next),
            None => *parent.parameter.get_or_insert(next),
        };
        if child == next {
            self.nodes.push(Node::default());
            literals.push(BTreeMap::new());
        }
        child
    }

    /// The route that serves `method` (or an upgrade) at `path`, which must be in normal form.
    pub fn find(&self, method: &str, path: &str) -> Option<&Route> {
        let path = self.trailing_slash.normalized(path);
        self.walk(self.nodes.first()?, method, path.strip_prefix('/')?)
    }

    // Recursion is bounded by the depth of the trie, which `PATH_SEGMENTS` bounds; each node is visited at most once
    // per request, since only one path of segments leads to it.
    fn walk(&self, node: &Node, method: &str, rest: &str) -> Option<&Route> {
        let (segment, tail) = cut(rest, b'/');
        let below = |child: Option<usize>| {
            let node = self.nodes.get(child?)?;
            match tail {
                Some(tail) => self.walk(node, method, tail),
                None => self.pick(&node.routes, method),
            }
        };
        // A parameter never matches the empty segment after a trailing slash.
        below(node.literals.get(segment))
            .or_else(|| below(node.parameter.filter(|_| !segment.is_empty())))
            .or_else(|| self.pick(&node.rest, method))
    }

    /// The route for `method` among those with these indices.
    pub fn pick(&self, routes: &[usize], method: &str) -> Option<&Route> {
        let find = |method: &str| {
            routes.iter().filter_map(|index| self.routes.get(*index)).find(|route| route.method == method)
        };
        // SECURITY: place by place, as the origin itself finds its routes: a wider HEAD route never comes before a GET route.
        find(method).or_else(|| (self.head_follows_get && method == "HEAD").then(|| find("GET")).flatten())
    }

    /// The bindings of all routes.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.routes.iter().flat_map(|route| &route.bindings)
    }

    /// Every route.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// The permission with this number.
    pub fn permission(&self, PermissionId(index): PermissionId) -> Option<&Permission> {
        self.permissions.get(index)
    }

    /// Every permission that a route asks for.
    pub fn permissions(&self) -> impl Iterator<Item = (PermissionId, &Permission)> {
        self.permissions.iter().enumerate().map(|(index, permission)| (PermissionId(index), permission))
    }

    /// How many there are.
    pub fn permission_count(&self) -> usize {
        self.permissions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, DuplicateRoute, RouteTemplate, Routes, TrailingSlash, WrittenRoute};
    use alloc::string::String;
    use alloc::vec::Vec;

    fn routes(written: &[&str]) -> Routes {
        let written: Vec<_> = written
            .iter()
            .map(|text| WrittenRoute::new(RouteTemplate::parse(text).unwrap(), Access::parse("r:a").unwrap()))
            .collect();
        Routes::compile(written, TrailingSlash::Distinct).unwrap()
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
    fn two_routes_of_one_shape_are_refused() {
        let written = ["GET /a/{x}", "GET /b", "GET /a/{y}"].map(|text| {
            WrittenRoute::new(RouteTemplate::parse(text).unwrap(), Access::parse("r:a").unwrap())
        });
        let error = Routes::compile(written.into(), TrailingSlash::Distinct).err();
        assert_eq!(error, Some(DuplicateRoute { first: 0, second: 2 }));
    }

    #[test]
    fn a_slash_at_the_end_counts_or_does_not() {
        let written = ["GET /", "GET /a", "GET /b/", "GET /c/{id}", "GET /d/{rest:path}"];
        for (trailing_slash, slashed) in [(TrailingSlash::Distinct, false), (TrailingSlash::Ignored, true)] {
            let written = written.iter().map(|text| {
                WrittenRoute::new(RouteTemplate::parse(text).unwrap(), Access::parse("r:a").unwrap())
            });
            let routes = Routes::compile(written.collect(), trailing_slash).unwrap();
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
}
