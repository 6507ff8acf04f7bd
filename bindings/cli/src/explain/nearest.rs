//! Routes that come close to a request that has none.

use portcullis::{Gate, SurveyedRoute, Target};

/// Most routes named.
const NAMED: usize = 3;

/// How like two texts must be to be named, from 0 to 1.
const LIKENESS: f64 = 0.5;

/// Routes of this very path for other methods.
pub(super) fn of_the_path<'g>(gate: &'g Gate, target: &str) -> Vec<SurveyedRoute<'g>> {
    let Ok(target) = Target::parse(target.as_bytes()) else { return Vec::new() };
    let mut routes: Vec<_> = gate.routes().filter(|route| route.matches(&target.path)).collect();
    routes.sort_by_key(|route| route.text());
    routes
}

/// The routes whose texts are most like the request, the closest first; none if all are far off.
pub(super) fn by_likeness<'g>(gate: &'g Gate, method: &str, target: &str) -> Vec<SurveyedRoute<'g>> {
    let Ok(target) = Target::parse(target.as_bytes()) else { return Vec::new() };
    let likeness = |route: &SurveyedRoute<'_>| {
        let same_method = if route.method() == method { 1.0 } else { 0.9 };
        strsim::normalized_damerau_levenshtein(&as_asked(route, &target.path), &target.path) * same_method
    };
    let mut routes: Vec<_> = gate.routes().map(|route| (likeness(&route), route)).collect();
    routes.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.text().cmp(b.text())));
    routes
        .into_iter()
        .filter(|(likeness, _)| *likeness > LIKENESS)
        .take(NAMED)
        .map(|(_, route)| route)
        .collect()
}

/// The path of a route with what `path` has in the places of its parameters.
fn as_asked(route: &SurveyedRoute<'_>, path: &str) -> String {
    let mut asked = path.split('/');
    let segments = route.path().split('/').map(|segment| {
        let own = asked.next();
        if segment.starts_with('{') { own.filter(|own| !own.is_empty()).unwrap_or(segment) } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}
