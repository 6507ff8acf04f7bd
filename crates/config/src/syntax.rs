//! What to do about a text that is no JSON: most are something else that people write configurations in.

use crate::locate::Position;

/// What to do about `text`, which stops being JSON at `place` for the reason `problem`.
pub(crate) fn remedy(text: &[u8], place: Position, problem: &str) -> &'static str {
    let start = text.trim_ascii_start();
    if start.starts_with(b"\xef\xbb\xbf") {
        return "the file begins with a byte order mark; save it as UTF-8 without one";
    }
    let here = at(text, place);
    if [b"//".as_slice(), b"/*"].iter().any(|comment| here.starts_with(comment)) {
        return "JSON has no comments; remove them";
    }
    if is_yaml(start) {
        return "this looks like YAML; write JSON, as `yq -o json . FILE` prints it";
    }
    match here.first() {
        _ if problem.contains("occurs twice") => "keep one of them",
        _ if problem.starts_with("EOF") => "the document is cut off; end what is open",
        Some(b',') => "there is a comma too many",
        Some(b'}' | b']') if problem.starts_with("trailing comma") => "there is a comma too many",
        Some(b'#') => "JSON has no comments; remove them",
        Some(b'\'') => "write texts in double quotes",
        Some(letter) if problem.starts_with("key must be a string") && letter.is_ascii_alphabetic() => {
            "write names of members in double quotes"
        }
        Some(b'"') if problem.starts_with("expected `,`") => "there is a comma missing before this place",
        _ => "fix it; most editors show where",
    }
}

/// The text from `place` on.
fn at(text: &[u8], place: Position) -> &[u8] {
    let line = text.split_inclusive(|byte| *byte == b'\n').take(place.line.saturating_sub(1));
    let before = line.map(<[u8]>::len).fold(place.column.saturating_sub(1), usize::saturating_add);
    text.get(before..).unwrap_or_default()
}

/// Whether the first line is one of YAML: a comment, a separator, or a name and a colon.
fn is_yaml(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-$\"' ".contains(byte);
    line.starts_with(b"#")
        || line.starts_with(b"---")
        || line.starts_with(b"- ")
        || (name.len() < line.len() && !name.is_empty() && name.iter().all(is_name))
}
