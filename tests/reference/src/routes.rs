//! "The route" of `docs/decisions.md`.

use std::cmp::Reverse;

use crate::parameter::Rule;

/// A route, and what it asks for.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET`, …, or `WEBSOCKET`.
    pub method: String,
    /// The path, with `{name}` and `{name:path}`.
    pub template: String,
    /// `public`, `refused` or a permission.
    pub access: String,
    /// What the caller is bound to.
    pub bindings: Vec<Rule>,
}

/// How much a segment of a template says of the path: a literal most, the rest least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Rest,
    Parameter,
    Literal,
}

fn says(segment: &str) -> Says {
    match segment.strip_prefix('{') {
        None => Says::Literal,
        Some(name) if name.ends_with(":path}") => Says::Rest,
        Some(_) => Says::Parameter,
    }
}

/// Whether the template matches the path, which is in normal form.
fn matches(template: &str, path: &str) -> bool {
    let template: Vec<&str> = template.split('/').skip(1).collect();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let has_rest = template.last().is_some_and(|segment| says(segment) == Says::Rest);
    let is_long_enough = if has_rest { path.len() >= template.len() } else { path.len() == template.len() };
    is_long_enough
        && template.iter().zip(&path).all(|(wanted, there)| match says(wanted) {
            Says::Literal => wanted == there,
            Says::Parameter => !there.is_empty(),
            Says::Rest => true,
        })
}

impl Route {
    fn specificity(&self) -> Vec<Says> {
        self.template.split('/').skip(1).map(says).collect()
    }

    /// What stands in the place of the parameter `name`.
    pub fn parameter<'p>(&self, name: &str, path: &'p str) -> Option<&'p str> {
        let wanted = format!("{{{name}}}");
        let mut pairs = self.template.split('/').zip(path.split('/'));
        pairs.find(|(segment, _)| *segment == wanted).map(|(_, there)| there)
    }
}

/// The route that serves the request: of those that match, the one that says most, segment by segment.
pub fn find<'r>(routes: &'r [Route], method: &str, path: &str) -> Option<&'r Route> {
    let mut found: Vec<&Route> =
        routes.iter().filter(|route| route.method == method && matches(&route.template, path)).collect();
    found.sort_by_key(|route| Reverse(route.specificity()));
    found.first().copied()
}
