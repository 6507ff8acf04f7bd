//! Texts of workerd's configuration.

use std::fmt::Write as _;

/// The behaviour of the runtime that the Worker is tested with; the same date stands in `wrangler.toml`.
pub const COMPATIBILITY_DATE: &str = "2026-04-01";

/// What the Worker is tested with besides, as it stands in `wrangler.toml`.
pub const COMPATIBILITY_FLAGS: &str = "compatibility_flags = [\"nodejs_compat\"]";

/// A text literal of the Cap'n Proto schema language. Everything but printable ASCII is written as UTF-8 bytes in
/// hexadecimal escapes, the one form every version of its parser reads alike.
pub(super) fn quote(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                literal.push('\\');
                literal.push(char::from(byte));
            }
            b' '..=b'~' => literal.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(literal, "\\x{byte:02x}")),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn any_text_becomes_a_literal() {
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\x0ad""#);
        assert_eq!(quote("é"), r#""\xc3\xa9""#);
    }
}
