//! "The path" of `docs/decisions.md`.

/// Characters that stand for themselves in a segment.
fn stands_for_itself(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(character)
}

/// The escape at the start of `text`, as the byte it stands for.
fn escape(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let both_are_digits = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    both_are_digits.then(|| u8::from_str_radix(digits, 16).ok())?
}

/// What the path says once its escapes are read; `None` if that is not one thing.
fn read(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        if first == '%' {
            let byte = escape(rest)?;
            if byte == b'/' || byte == b'\\' || byte < 0x20 || byte == 0x7f {
                return None;
            }
            bytes.push(byte);
            rest = &rest[3..];
        } else if first == '/' || stands_for_itself(first) {
            bytes.push(first as u8);
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    let read = String::from_utf8(bytes).ok()?;
    let is_escaped_twice = read.char_indices().any(|(at, _)| escape(&read[at..]).is_some());
    (!is_escaped_twice).then_some(read)
}

/// A decoded segment in its one spelling.
fn spell(segment: &str) -> String {
    let spell_one = |character: char| {
        if stands_for_itself(character) {
            return character.to_string();
        }
        character.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
    };
    segment.chars().map(spell_one).collect()
}

/// The one normal form of a path, or `None` where it has none.
pub fn normal_form(path: &str) -> Option<String> {
    let read = read(path)?;
    let segments: Vec<&str> = read.strip_prefix('/')?.split('/').collect();
    let (last, before) = segments.split_last()?;
    let is_dots = |segment: &str| segment == "." || segment == "..";
    if segments.iter().any(|segment| segment.split_once(';').is_some_and(|(name, _)| is_dots(name))) {
        return None;
    }
    if segments.iter().any(|segment| is_dots(segment)) && before.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in &segments {
        match *segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    if kept.len() > 64 {
        return None;
    }
    let spelled: String = kept.iter().map(|segment| format!("/{}", spell(segment))).collect();
    let ends_in_slash = last.is_empty() || is_dots(last) || kept.is_empty();
    Some(if ends_in_slash { spelled + "/" } else { spelled })
}
