//! Where in a JSON text the value at a pointer stands, for messages to a person with an editor.

use core::fmt;

use alloc::string::String;

use portcullis::json::Pointer;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1 in bytes.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column } = self;
        write!(f, "{line}:{column}")
    }
}

/// The place of the value at `pointer` ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) in `text`: of its first
/// byte. If `text` has no such value, the place of the nearest one around it; the whole document, in the end.
///
/// Walks the text once, without recursion. What is no JSON has places too, as far as it can be read.
pub fn locate(text: &[u8], pointer: &str) -> Position {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    let mut found = scanner.at;
    if let Some(pointer) = Pointer::parse(pointer) {
        for token in pointer.tokens() {
            if scanner.enter(token).is_none() {
                break;
            }
            found = scanner.at;
        }
    }
    position(text, found)
}

/// The place of the byte at `offset`.
fn position(text: &[u8], offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start =
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline.saturating_add(1));
    Position {
        line: before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1),
        column: before.len().saturating_sub(line_start).saturating_add(1),
    }
}

/// Reads a text from front to back; every step forward is made once.
struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.step();
        }
    }

    /// Steps over `wanted` and the white space around it.
    fn take(&mut self, wanted: u8) -> Option<()> {
        self.skip_space();
        if self.peek()? != wanted {
            return None;
        }
        self.step();
        self.skip_space();
        Some(())
    }

    /// Goes from the beginning of a value to that of the value under `token` inside it.
    fn enter(&mut self, token: &str) -> Option<()> {
        if self.take(b'{').is_some() {
            loop {
                let name = self.name()?;
                self.take(b':')?;
                if name == token {
                    return Some(());
                }
                self.skip_value()?;
                self.take(b',')?;
            }
        }
        self.take(b'[')?;
        // An index that is not written as one finds nothing.
        let mut left: usize =
            token.parse().ok().filter(|_| token == "0" || !token.starts_with(['0', '+']))?;
        while left > 0 {
            self.skip_value()?;
            self.take(b',')?;
            left = left.saturating_sub(1);
        }
        (self.peek()? != b']').then_some(())
    }

    /// The member name that begins here.
    fn name(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        serde_json::from_slice(self.text.get(start..self.at)?).ok()
    }

    fn skip_string(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.step();
        loop {
            let byte = self.peek()?;
            self.step();
            match byte {
                b'"' => return Some(()),
                // Whatever is escaped, its first byte is no delimiter.
                b'\\' => self.step(),
                _ => {}
            }
        }
    }

    /// Goes past the value that begins here. Brackets are counted, not compared: this text has been parsed before, or
    /// it has no right places.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    self.step();
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.step();
                }
                // Commas and colons between the brackets; a number or a name is read to its end.
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth > 0 => self.step(),
                b',' | b':' => return None,
                _ => self.skip_word(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_word(&mut self) {
        while self.peek().is_some_and(|byte| !b",:]}[{\" \t\r\n".contains(&byte)) {
            self.step();
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
mod tests {
    extern crate std;

    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use portcullis::json::push_token;
    use proptest::prelude::*;

    use super::{Position, locate};

    fn at(text: &str, pointer: &str) -> (usize, usize) {
        let Position { line, column } = locate(text.as_bytes(), pointer);
        (line, column)
    }

    #[test]
    fn values_and_what_is_nearest() {
        let text = "\n{\n  \"a\": [1, {\"b/c\": \"]}\\\"\"}, -2.5e3],\n  \"\\u0064\" :\n    true\n}\n";
        for (pointer, place) in [
            ("", (2, 1)),
            ("/a", (3, 8)),
            ("/a/0", (3, 9)),
            ("/a/1", (3, 12)),
            ("/a/1/b~1c", (3, 20)),
            ("/a/2", (3, 29)),
            ("/d", (5, 5)),
            // What is not there is looked for where it would be.
            ("/a/3", (3, 8)),
            ("/a/00", (3, 8)),
            ("/a/+1", (3, 8)),
            ("/a/1/x/y", (3, 12)),
            ("/a/0/x", (3, 9)),
            ("/e", (2, 1)),
            ("no pointer", (2, 1)),
        ] {
            assert_eq!(at(text, pointer), place, "{pointer}");
        }
    }

    #[test]
    fn any_text_has_places() {
        for text in [
            "", " ", "{", "{\"a", "{\"a\"", "{\"a\":", "[", "[1", "[1 ", "[]", "[,", "{\"\\", "nul", "]",
            "{]",
        ] {
            for pointer in ["", "/a", "/0", "/1", "/a/b"] {
                let (line, column) = at(text, pointer);
                assert_eq!(line, 1, "{text:?} {pointer}");
                assert!(column <= text.len() + 1, "{text:?} {pointer}");
            }
        }
        let deep = "[".repeat(1 << 20);
        assert_eq!(at(&deep, "/1"), (1, 1));
        assert_eq!(at(&deep, &"/0".repeat(5)), (1, 6));
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<i32>().prop_map(|number| (f64::from(number) / 4.0).into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            let name = prop_oneof!["[a/~\"\\\\{}\\[\\]0-2]{0,3}", any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(name, inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Every place of `value`, with its pointer.
    fn places<'v>(
        value: &'v serde_json::Value,
        pointer: &str,
        found: &mut Vec<(String, &'v serde_json::Value)>,
    ) {
        found.push((pointer.to_string(), value));
        let mut below = |token: &str, inner| {
            let mut pointer = pointer.to_string();
            push_token(&mut pointer, token);
            places(inner, &pointer, found);
        };
        match value {
            serde_json::Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    below(&index.to_string(), element);
                }
            }
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    below(name, member);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn what_stands_at_the_place_is_the_value(value in value(), pretty in any::<bool>(), escaped in any::<bool>()) {
            let mut text =
                if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            if escaped {
                text = text.replace('a', "\\u0061").replace('~', "\\u007E");
                // The letters of `false` and of escapes are not in strings.
                prop_assume!(serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|read| read == value));
            }
            let mut all = Vec::new();
            places(&value, "", &mut all);
            for (pointer, wanted) in all {
                let (line, column) = at(&text, &pointer);
                let start: usize = text.split('\n').take(line - 1).map(|line| line.len() + 1).sum();
                let rest = text.get(start + column - 1..).unwrap();
                let read = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>().next();
                prop_assert_eq!(&read.unwrap().unwrap(), wanted, "{}", pointer);
                // What is not inside leads to what is around it.
                let absent = format!("{pointer}/absent member");
                if wanted.get("absent member").is_none() {
                    prop_assert_eq!(at(&text, &absent), (line, column));
                }
            }
        }

        #[test]
        fn no_text_is_walked_past_its_end(bytes in prop::collection::vec(any::<u8>(), 0..64), pointer in "(/[a0-2]){0,4}") {
            let Position { line, column } = locate(&bytes, &pointer);
            prop_assert!(line <= bytes.len() + 1 && column <= bytes.len() + 1);
        }
    }
}
