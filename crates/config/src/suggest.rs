//! "Did you mean": the closest of a few known names, for error messages only.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Names longer than this are not compared: the answer would not help, and the cost is quadratic.
const COMPARED_CHARS: usize = 64;

/// Most names that are compared: a suggestion is a courtesy, and must not take longer than what it is about.
const COMPARED_NAMES: usize = 1_000;

/// The candidate that differs from `name` in the fewest characters, in either case, if it is close enough to be a slip, or begins with it.
pub fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Two slips in a short name, such as swapped neighbours; three in a long one.
    let chars = name.chars().count();
    let allowed = match chars {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let begun = |candidate: &str| name.len() >= 4 && candidate.starts_with(name);
    candidates
        .into_iter()
        .filter(|candidate| begun(candidate) || candidate.chars().count().abs_diff(chars) <= allowed)
        .take(COMPARED_NAMES)
        .filter_map(|candidate| distance(name, candidate).map(|distance| (distance, candidate)))
        .filter(|(distance, candidate)| *distance <= allowed || begun(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `"a", "b" or "c"`.
pub fn one_of<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        None => String::from("none"),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Levenshtein distance between texts whose case does not count, or `None` if either text is too long to be worth comparing.
fn distance(a: &str, b: &str) -> Option<usize> {
    if a.len() > COMPARED_CHARS || b.len() > COMPARED_CHARS {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        // The row is overwritten from the left: `diagonal` and `before` are what is still needed of it.
        let mut cells = row.iter_mut();
        let Some(first) = cells.next() else { break };
        let mut diagonal = *first;
        *first = i.saturating_add(1);
        let mut before = *first;
        for (cell, right) in cells.zip(b.chars()) {
            let substituted = diagonal.saturating_add(usize::from(!left.eq_ignore_ascii_case(&right)));
            diagonal = *cell;
            *cell = substituted.min(before.saturating_add(1)).min(cell.saturating_add(1));
            before = *cell;
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::{closest, distance, one_of};

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(closest("usr", ["admin", "user", "guest"]), Some("user"));
        assert_eq!(closest("isuers", ["issuers", "policy"]), Some("issuers"));
        assert_eq!(closest("gast", ["admin", "user", "guest"]), Some("guest"));
        assert_eq!(closest("expires", ["id", "expires_at"]), Some("expires_at"));
        assert_eq!(closest("hs256", ["ES256", "HS256"]), Some("HS256"));
        assert_eq!(closest("rs265", ["ES256", "HS256", "RS256"]), Some("RS256"));
        assert_eq!(closest("allowedOrigins", ["preflight", "allowed_origins"]), Some("allowed_origins"));
        assert_eq!(closest("banana", ["issuers", "policy"]), None);
        assert_eq!(closest("x", []), None);
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
        assert_eq!(distance("abc", ""), Some(3));
        assert_eq!(distance("Saturday", "Sunday"), Some(3));
        assert_eq!(distance("naïve", "native"), Some(2));
        assert_eq!(closest(&"a".repeat(1_000_000), ["a"]), None);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(one_of(["a"]), "\"a\"");
        assert_eq!(one_of(["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
    }
}
