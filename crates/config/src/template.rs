//! Routes in the words of other tools: `/x/*`, `:id`, `<id>`, `{id?}`.
//!
//! Most of them could be literal text, and would then match nothing that is ever requested: a route that refuses or
//! restricts something would do so in vain.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};

use portcullis::parts::RouteTemplate;

use crate::method;

/// Reads a route of the document.
///
/// # Errors
///
/// What to write instead.
pub(crate) fn parse(text: &str) -> Result<RouteTemplate, String> {
    if let Some((method, path)) = text.split_once(' ') {
        method::check(method, path)?;
        let path = path.trim_start();
        let Some(relative) = path.strip_prefix('/') else {
            return Err(match path.contains("://") {
                true => "write the path alone, without scheme and host; \"hosts\" names hosts".to_owned(),
                false => format!("the path begins with a slash: \"{method} /{path}\""),
            });
        };
        let mut segments = relative.split('/').peekable();
        while let Some(segment) = segments.next() {
            if let Some(meant) = meant(segment, segments.peek().is_none()) {
                return Err(meant.remedy(segment));
            }
        }
    } else if text.starts_with('/') {
        return Err(format!("the method is missing; write it before the path: \"GET {text}\""));
    }
    RouteTemplate::parse(text).map_err(|error| error.to_string())
}

/// What a segment in the words of another tool stands for.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    /// One segment.
    One(String),
    /// One segment, or none.
    Optional(String),
    /// All that is left.
    Rest(String),
}

impl Meant {
    fn remedy(&self, segment: &str) -> String {
        let instead = match self {
            Self::One(name) => format!("write \"{{{name}}}\" for any one segment"),
            Self::Optional(name) => {
                format!("write \"{{{name}}}\", and a route of its own for the path without it")
            }
            Self::Rest(name) => format!("write \"{{{name}:path}}\" for the rest of the path"),
        };
        let itself = match segment.chars().next() {
            Some(first) if ESCAPED.contains(first) => {
                let rest = segment.get(first.len_utf8()..).unwrap_or_default();
                format!(", or \"%{:02X}{rest}\" for this very text", u32::from(first))
            }
            _ => String::new(),
        };
        format!("\"{segment}\" is no parameter here; {instead}{itself}")
    }
}

/// What a text may begin with that other tools take for a parameter, and that a template can name by its escape.
const ESCAPED: &str = "$:";

/// What `segment` stands for elsewhere, if it is none of a template.
fn meant(segment: &str, is_last: bool) -> Option<Meant> {
    let in_braces = segment.trim_start_matches('$').trim_matches(['{', '}']);
    let has_braces = segment.starts_with(['{', '$']) && segment.len() > in_braces.len().saturating_add(1);
    if has_braces && segment.ends_with('}') && !in_braces.contains(['{', '}']) {
        return braces(segment, in_braces);
    }
    let inner = segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inner {
        return Some(match inner.split_once(':') {
            Some(("path", name)) => Meant::Rest(named(name, "rest")),
            Some((_, name)) => Meant::One(named(name, "name")),
            None => Meant::One(named(inner, "name")),
        });
    }
    let is_regex =
        segment.starts_with(['(', '[', '\\', '^']) || segment.starts_with(".*") || segment.starts_with(".+");
    let is_open = segment.contains('*') || segment.contains(".+") || segment.contains("...");
    match segment.as_bytes() {
        [b':', name, ..] if name.is_ascii_alphabetic() || *name == b'_' => {}
        [b'$', name, ..] if name.is_ascii_alphabetic() || *name == b'_' => {}
        [b'$'] | [b'#'] => return Some(Meant::Rest("rest".to_owned())),
        [b'+'] => {}
        _ if is_regex || segment.contains('*') => {}
        _ => return None,
    }
    Some(match (is_open && is_last, segment.ends_with('?')) {
        (true, _) => Meant::Rest(named(segment, "rest")),
        (false, true) => Meant::Optional(named(segment, "name")),
        (false, false) => Meant::One(named(segment, "name")),
    })
}

/// `{id:int}`, `{id?}`, `{proxy+}`, `{*rest}`, `{rest...}`, `${id}`, `{{id}}`.
fn braces(segment: &str, inner: &str) -> Option<Meant> {
    let (name, kind) = inner.split_once(':').unwrap_or((inner, ""));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let (brackets, rest) = (segment.len().saturating_sub(inner.len()), ["path", ".*", ".+"]);
    if brackets == 2 && is_name(name) && (kind == "path" || !inner.contains(':')) {
        return None;
    }
    if rest.contains(&kind) || name.contains(['*', '+']) || name.ends_with("...") {
        return Some(Meant::Rest(named(name, "rest")));
    }
    let name_or = named(name, "name");
    Some(if inner.ends_with('?') { Meant::Optional(name_or) } else { Meant::One(name_or) })
}

/// The name of a parameter: the first word in `text`, or `otherwise`.
fn named(text: &str, otherwise: &str) -> String {
    // In a regular expression a single letter is no name: `\d`, `(?P<…>)`.
    let shortest = if text.contains(['(', '[', '\\']) { 2 } else { 1 };
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_word = |run: &&str| {
        run.len() >= shortest && run.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
    };
    text.split(|c| !in_name(c)).find(is_word).unwrap_or(otherwise).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::parse;

    #[test]
    fn the_words_of_other_tools() {
        for (segment, instead) in [
            ("*", "{rest:path}"),
            ("**", "{rest:path}"),
            ("*filepath", "{filepath:path}"),
            ("*.json", "{"),
            (":id", "{id}"),
            (":id?", "{id}\", and a route"),
            (":rest*", "{rest:path}"),
            (":id([0-9]+)", "{id}"),
            ("$id", "{id}"),
            ("$", "{rest:path}"),
            ("+", "{name}"),
            ("#", "{rest:path}"),
            ("(.*)", "{rest:path}"),
            (".*", "{rest:path}"),
            ("(?P<id>[^/]+)", "{id}"),
            ("([0-9]+)", "{name}"),
            ("[id]", "{id}"),
            ("[...slug]", "{slug:path}"),
            ("[^/]+", "{name}"),
            ("\\d+", "{name}"),
            ("<id>", "{id}"),
            ("<int:id>", "{id}"),
            ("<path:rest>", "{rest:path}"),
            ("{id?}", "{id}\", and a route"),
            ("{id:int}", "{id}"),
            ("{id:[0-9]+}", "{id}"),
            ("{rest:.*}", "{rest:path}"),
            ("{*rest}", "{rest:path}"),
            ("{**rest}", "{rest:path}"),
            ("{rest...}", "{rest:path}"),
            ("{proxy+}", "{proxy:path}"),
            ("${id}", "{id}"),
            ("{{id}}", "{id}"),
            ("{}", "{name}"),
            ("{user-id}", "{user_id}"),
        ] {
            let message = parse(&format!("GET /x/{segment}")).unwrap_err();
            assert!(message.contains(&format!("write \"{instead}")), "{segment}: {message}");
            assert!(message.contains("is no parameter here"), "{segment}: {message}");
        }
        // In the middle of a path nothing stands for its rest.
        assert!(parse("GET /x/*/y").unwrap_err().contains("write \"{name}\""));
    }

    #[test]
    fn what_is_missing_is_written_out() {
        for (route, said) in [
            ("/api/x", "the method is missing; write it before the path: \"GET /api/x\""),
            ("GET api/x", "the path begins with a slash: \"GET /api/x\""),
            ("GET https://a.example/x", "without scheme and host"),
            ("get /api/x", "did you mean \"GET /api/x\"?"),
            ("healthz", "write a route as `METHOD /path`"),
            ("GET /a//b", "no empty or dot segments"),
            ("GET /x{y}", "a parameter is a whole segment"),
            ("GET /{a:path}/b", "must be the last segment"),
        ] {
            let message = parse(route).unwrap_err();
            assert!(message.contains(said), "{route}: {message}");
        }
    }

    #[test]
    fn text_that_looks_a_little_like_it() {
        for (route, path) in [
            ("GET /v1/graph:StateSchema", "graph:StateSchema"),
            ("GET /a/{memory_id}", "{memory_id}"),
            ("GET /a/{rest:path}", "{rest:path}"),
            ("GET /c++", "c++"),
            ("GET /at+jwt", "at+jwt"),
            ("GET /price$", "price$"),
            ("GET /@user", "@user"),
            ("GET /products(1)", "products(1)"),
            ("BASELINE-CONTROL /a", "a"),
        ] {
            let template = parse(route).unwrap();
            assert!(template.text.ends_with(path), "{route}");
        }
        // Text that begins so is written with its escape.
        for (route, same) in [("GET /fhir/%24export", "GET/fhir/$export"), ("GET /%3Acancel", "GET/:cancel")]
        {
            assert_eq!(parse(route).unwrap().shape(), same, "{route}");
        }
    }
}
