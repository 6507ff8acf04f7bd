//! The reasons that JavaScript and TypeScript know are those of the core.

use portcullis::Reason;

/// The texts that stand alone on a line between `begin` and the next semicolon.
fn listed<'t>(text: &'t str, begin: &str) -> Vec<&'t str> {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    let list = rest.split_once(';').map_or("", |(list, _)| list);
    let lines = list.lines().map(|line| line.trim().trim_start_matches("| ").trim_end_matches(','));
    lines.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"')).collect()
}

#[test]
fn every_list_of_reasons_is_the_enum() {
    let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(listed(include_str!("../js/reasons.js"), "Object.freeze("), codes);
    assert_eq!(listed(include_str!("../js/index.d.ts"), "export type Reason ="), codes);
}
