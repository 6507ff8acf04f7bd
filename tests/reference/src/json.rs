//! JSON (RFC 8259), as "Bodies" of `docs/decisions.md` wants it.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// A text.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// `true`, `false` or `null`.
    Word,
    /// A list.
    List(Vec<Json>),
    /// An object; no member is named twice.
    Object(Vec<(String, Json)>),
}

/// What a text says, if it is one value and nothing else.
pub fn parse(text: &str) -> Option<Json> {
    let (value, rest) = value(text.trim_start_matches(WHITE))?;
    rest.trim_start_matches(WHITE).is_empty().then_some(value)
}

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A value at the beginning of `text`, and what follows.
fn value(text: &str) -> Option<(Json, &str)> {
    match text.chars().next()? {
        '"' => string(text).map(|(string, rest)| (Json::Text(string), rest)),
        '[' => list(&text[1..]),
        '{' => object(&text[1..]),
        '-' | '0'..='9' => number(text),
        _ => ["true", "false", "null"].iter().find_map(|word| Some((Json::Word, text.strip_prefix(word)?))),
    }
}

/// What follows an opening bracket, element by element, up to the closing one.
fn elements<'t, T>(
    text: &'t str,
    end: char,
    element: impl Fn(&'t str) -> Option<(T, &'t str)>,
) -> Option<(Vec<T>, &'t str)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(WHITE);
    if let Some(after) = rest.strip_prefix(end) {
        return Some((found, after));
    }
    loop {
        let (one, after) = element(rest.trim_start_matches(WHITE))?;
        found.push(one);
        let after = after.trim_start_matches(WHITE);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some((found, after.strip_prefix(end)?)),
        }
    }
}

fn list(text: &str) -> Option<(Json, &str)> {
    elements(text, ']', value).map(|(found, rest)| (Json::List(found), rest))
}

fn object(text: &str) -> Option<(Json, &str)> {
    let (members, rest) = elements(text, '}', |text| {
        let (name, rest) = string(text)?;
        let rest = rest.trim_start_matches(WHITE).strip_prefix(':')?;
        let (value, rest) = value(rest.trim_start_matches(WHITE))?;
        Some(((name, value), rest))
    })?;
    let twice = |(index, (name, _)): (usize, &(String, Json))| {
        members[..index].iter().any(|(other, _)| other == name)
    };
    (!members.iter().enumerate().any(twice)).then_some((Json::Object(members), rest))
}

fn string(text: &str) -> Option<(String, &str)> {
    let mut units: Vec<u16> = Vec::new();
    let mut characters = text.strip_prefix('"')?.chars();
    loop {
        match characters.next()? {
            '"' => return Some((String::from_utf16(&units).ok()?, characters.as_str())),
            '\\' => units.push(match characters.next()? {
                'u' => {
                    let digits = characters.as_str().get(..4)?;
                    characters = characters.as_str()[4..].chars();
                    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    all.then(|| u16::from_str_radix(digits, 16).ok())??
                }
                'b' => 8,
                't' => 9,
                'n' => 10,
                'f' => 12,
                'r' => 13,
                other if "\"\\/".contains(other) => u16::try_from(u32::from(other)).ok()?,
                _ => return None,
            }),
            control if control < ' ' => return None,
            other => units.extend(other.encode_utf16(&mut [0; 2]).iter()),
        }
    }
}

fn number(text: &str) -> Option<(Json, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(text.starts_with('-'));
    let whole = digits(&text[end..]);
    if whole == 0 || (whole > 1 && text[end..].starts_with('0')) {
        return None;
    }
    end += whole;
    if text[end..].starts_with('.') {
        let fraction = digits(&text[end + 1..]);
        end += (fraction > 0).then_some(1 + fraction)?;
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[end + 1 + sign..]);
        end += (exponent > 0).then_some(1 + sign + exponent)?;
    }
    Some((Json::Number(text[..end].to_owned()), &text[end..]))
}
