//! Templates that match the same paths although neither is the more literal one.

/// The most literal template for what both templates match, if they have anything in common that neither says by
/// itself: for `/c/name/{name}` and `/c/{id}/users`, `/c/name/users`.
pub(crate) fn overlap(a: &str, b: &str) -> Option<String> {
    // Almost all pairs part at a literal: the rest is only for the others.
    let fixed = |segment: &str| !segment.contains('{');
    let mut pairs =
        a.split('/').zip(b.split('/')).take_while(|(a, b)| !a.contains(":path}") && !b.contains(":path}"));
    if pairs.any(|(a, b)| a != b && fixed(a) && fixed(b)) {
        return None;
    }
    let common = meet(&a.split('/').collect::<Vec<_>>(), &b.split('/').collect::<Vec<_>>())?.join("/");
    (shape(&common) != shape(a) && shape(&common) != shape(b)).then_some(common)
}

/// The template without the names of its parameters.
pub(crate) fn shape(template: &str) -> String {
    let segment = |segment: &str| match segment.split_once('{') {
        Some((before, _)) if segment.contains(":path}") => format!("{before}{{:path}}"),
        Some((before, _)) => format!("{before}{{}}"),
        None => segment.to_owned(),
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn meet<'t>(a: &[&'t str], b: &[&'t str]) -> Option<Vec<&'t str>> {
    let is_rest = |segment: &str| segment.contains(":path}");
    let is_parameter = |segment: &str| segment.contains('{');
    match (a, b) {
        ([], []) => Some(Vec::new()),
        // A rest has at least the slash before it.
        ([a, ..], [_, ..]) if is_rest(a) => Some(b.to_vec()),
        ([_, ..], [b, ..]) if is_rest(b) => Some(a.to_vec()),
        ([first_a, rest_a @ ..], [first_b, rest_b @ ..]) => {
            let first = match (is_parameter(first_a), is_parameter(first_b)) {
                (true, true) => first_a,
                // A parameter is never empty.
                (true, false) if !first_b.is_empty() => first_b,
                (false, true) if !first_a.is_empty() => first_a,
                _ if first_a == first_b => first_a,
                _ => return None,
            };
            let mut common = meet(rest_a, rest_b)?;
            common.insert(0, first);
            Some(common)
        }
        _ => None,
    }
}
