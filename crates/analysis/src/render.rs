//! Lists of names in sentences.

/// Most names listed where there may be many.
const LISTED: usize = 8;

/// `a, b, c`, and how many more there are.
pub(crate) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut shown = Vec::new();
    let mut more = 0_usize;
    for name in names {
        if shown.len() < LISTED {
            shown.push(name.as_ref().to_owned());
        } else {
            more = more.saturating_add(1);
        }
    }
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The same, or `nothing` if there are none.
pub(crate) fn list_or(names: impl IntoIterator<Item = impl AsRef<str>>, nothing: &str) -> String {
    let text = list(names);
    if text.is_empty() { nothing.to_owned() } else { text }
}

/// `role a` or `roles a, b`.
pub(crate) fn counted(one: &str, many: &str, names: &[&str]) -> String {
    let quoted = list(names.iter().map(|name| format!("`{name}`")));
    if names.len() == 1 { format!("{one} {quoted}") } else { format!("{many} {quoted}") }
}
