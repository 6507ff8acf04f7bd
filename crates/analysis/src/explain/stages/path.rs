//! The path, and what became of it.

/// The normal form `path` of the request target `target`, and what had to be changed.
pub(crate) fn render(target: &str, path: &str) -> String {
    let raw = target.split_once('?').map_or(target, |(raw, _)| raw);
    if raw == path {
        return format!("{path}, as it came");
    }
    let segments: Vec<&str> = raw.split('/').skip(1).collect();
    let decoded = |segment: &str| segment.to_ascii_lowercase().replace("%2e", ".");
    let mut changes = Vec::new();
    if segments.iter().rev().skip(1).any(|segment| segment.is_empty()) {
        changes.push("empty segments merged");
    }
    if segments.iter().any(|segment| [".", ".."].contains(&decoded(segment).as_str())) {
        changes.push("dot segments resolved");
    }
    let kept: Vec<&str> = path.split('/').skip(1).collect();
    let is_dots = |segment: &str| [".", ".."].contains(&decoded(segment).as_str());
    if segments.iter().any(|segment| segment.contains('%') && !is_dots(segment) && !kept.contains(segment))
        || changes.is_empty()
    {
        changes.push("escapes in their one spelling");
    }
    format!("{path}, with {}", changes.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::render;
    use portcullis::Target;

    #[test]
    fn what_changed() {
        for (target, expected) in [
            ("/v1/threads?a=b", "/v1/threads, as it came"),
            ("/v1/threads/", "/v1/threads/, as it came"),
            ("//v1///threads", "/v1/threads, with empty segments merged"),
            ("/v1/./threads", "/v1/threads, with dot segments resolved"),
            ("/v1/x/%2e%2E/threads", "/v1/threads, with dot segments resolved"),
            ("/v1/%74hreads", "/v1/threads, with escapes in their one spelling"),
            ("/v1/a%20b", "/v1/a%20b, as it came"),
            ("/v1/a%c3%bc", "/v1/a%C3%BC, with escapes in their one spelling"),
            ("//v1/%74hreads", "/v1/threads, with empty segments merged and escapes in their one spelling"),
        ] {
            let path = Target::parse(target.as_bytes()).unwrap().path;
            assert_eq!(render(target, &path), expected, "{target}");
        }
    }
}
