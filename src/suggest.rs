//! "Did you mean": the closest of a few known names, for error messages only.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Names longer than this are not compared: the answer would not help, and the cost is quadratic.
const COMPARED_CHARS: usize = 64;

/// The candidate that differs from `name` in the fewest characters, if it is close enough to be a slip, or begins with it.
pub(crate) fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Two slips in a short name, such as swapped neighbours; three in a long one.
    let allowed = match name.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let begun = |candidate: &str| name.len() >= 4 && candidate.starts_with(name);
    candidates
        .into_iter()
        .filter_map(|candidate| distance(name, candidate).map(|distance| (distance, candidate)))
        .filter(|(distance, candidate)| *distance <= allowed || begun(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `"a", "b" or "c"`.
pub(crate) fn one_of<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        None => String::from("none"),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Levenshtein distance, or `None` if either text is too long to be worth comparing.
fn distance(a: &str, b: &str) -> Option<usize> {
    if a.len() > COMPARED_CHARS || b.len() > COMPARED_CHARS {
        return None;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i.saturating_add(1));
        for ((above, diagonal), right) in row.iter().skip(1).zip(&row).zip(&b) {
            let substituted = diagonal.saturating_add(usize::from(left != *right));
            let inserted = next.last().copied().unwrap_or_default().saturating_add(1);
            next.push(substituted.min(inserted).min(above.saturating_add(1)));
        }
        row = next;
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
        assert_eq!(closest("banana", ["issuers", "policy"]), None);
        assert_eq!(closest("x", []), None);
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
        assert_eq!(closest(&"a".repeat(1_000_000), ["a"]), None);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(one_of(["a"]), "\"a\"");
        assert_eq!(one_of(["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
    }
}
