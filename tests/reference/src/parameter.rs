//! What a parameter of a request is called, and what may stand there.

/// What a parameter of the request must be.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `path.NAME`, `query.NAME`, `header.NAME`, `cookie.NAME`, `form.NAME` or `body./NAME`.
    pub parameter: String,
    /// `subject`, `tenant`, or a JSON pointer to a claim.
    pub equals: String,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What a request has in the place of a parameter.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// One thing; of a list, all that is in it.
    Values(Vec<Vec<u8>>),
    /// More than one thing, or one that servers may read differently.
    Unclear,
}

/// The name as every framework might shorten it: what stands before a bracket or a dot, if that is anything, in letters and
/// digits of one case.
pub fn shortened(name: &str) -> String {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    name.split(['[', '.']).map(letters).find(|part| !part.is_empty()).unwrap_or_default()
}

pub(crate) fn percent_decoded(text: &str, plus_is_space: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        if first == b'%' {
            bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
            rest = &rest[3..];
        } else {
            bytes.push(if first == b'+' && plus_is_space { b' ' } else { first });
            rest = &rest[1..];
        }
    }
    Some(bytes)
}
