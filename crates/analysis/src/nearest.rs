//! Routes that come close to a request that has none.

use portcullis::Gate;
use portcullis::parts::Route;

use crate::route;

/// Most routes named.
const NAMED: usize = 3;

/// How like two texts must be to be named, from 0 to 1.
const LIKENESS: f64 = 0.5;

/// The routes whose texts are most like a request for `path`, which must be in normal form, the closest first; none if all
/// are far off.
pub fn nearest_routes<'g>(gate: &'g Gate, method: &str, path: &str) -> Vec<&'g Route> {
    let likeness = |route: &Route| {
        let same_method = if route.method == method { 1.0 } else { 0.9 };
        strsim::normalized_damerau_levenshtein(&as_asked(route, path), path) * same_method
    };
    let routes = gate.parts().policy.routes.iter();
    let mut routes: Vec<_> = routes.map(|route| (likeness(route), route)).collect();
    routes.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.text.cmp(&b.text)));
    routes
        .into_iter()
        .filter(|(likeness, _)| *likeness > LIKENESS)
        .take(NAMED)
        .map(|(_, route)| route)
        .collect()
}

/// The path of a route with what `path` has in the places of its parameters.
fn as_asked(route: &Route, path: &str) -> String {
    let mut asked = path.split('/');
    let segments = route::path(route).split('/').map(|segment| {
        let own = asked.next();
        if segment.starts_with('{') { own.filter(|own| !own.is_empty()).unwrap_or(segment) } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}
