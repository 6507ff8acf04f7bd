//! Header lines, each read once.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::head::HeaderPair;

/// One header line, its name in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'r> {
    name: Cow<'r, str>,
    /// Whether the name has nothing but letters, digits and hyphens, so that nobody need look again.
    is_plain: bool,
    value: Cow<'r, [u8]>,
}

impl<'r> Header<'r> {
    fn new(pair: &HeaderPair<'r>) -> Self {
        let kinds = pair.name.iter().fold(0, |kinds, byte| kinds | kind(*byte));
        let name = match core::str::from_utf8(pair.name) {
            Ok(name) if kinds & UPPER == 0 => Cow::Borrowed(name),
            _ => Cow::Owned(String::from_utf8_lossy(pair.name).to_ascii_lowercase()),
        };
        Self { name, is_plain: kinds & SIGN == 0, value: Cow::Borrowed(pair.value) }
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as [`fold`] has it.
    pub(crate) fn folded(&self) -> Cow<'_, str> {
        if self.is_plain { Cow::Borrowed(&self.name) } else { fold(&self.name) }
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether this is the header `name` (lower case) to a server that builds variables from header names, to which
    /// `x_tenant` and `x.tenant` are `x-tenant`.
    pub fn is_like(&self, name: &str) -> bool {
        self.name.len() == name.len()
            && self.name.bytes().zip(name.bytes()).all(|(own, other)| folded(own) == folded(other))
    }

    fn into_owned(self) -> Header<'static> {
        let Self { name, is_plain, value } = self;
        Header { name: Cow::Owned(name.into_owned()), is_plain, value: Cow::Owned(value.into_owned()) }
    }
}

/// `name` with a hyphen for each byte that is neither a letter nor a digit: servers that build variables from header names
/// cannot tell them apart. Some take only hyphens and underscores for one another, as CGI has it
/// ([RFC 3875 section 4.1.18](https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18)), lighttpd every such byte.
pub fn fold(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| kind(byte) & SIGN == 0) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.bytes().map(|byte| char::from(folded(byte))).collect())
}

/// A letter or a digit, or else a hyphen.
const fn folded(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte } else { b'-' }
}

/// What a byte of a name can be: a capital letter, or neither a letter nor a digit nor a hyphen. Zero for all others.
const UPPER: u8 = 1;
const SIGN: u8 = 2;

/// Every byte of every name is looked at: a look into a table.
fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(SIGN)
}

#[allow(clippy::as_conversions, clippy::indexing_slicing, reason = "the compiler works it out, or stops")]
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'A'..=b'Z' => UPPER,
            _ if folded(byte) == byte => 0,
            _ => SIGN,
        };
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => break kinds,
        }
    }
};

/// What stands between the commas of one line.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    // Looking for one at all takes a fraction of the time that splitting takes, and a token is long.
    let (whole, parts) = match line.contains(&b',') {
        true => (None, Some(line.split(|byte| *byte == b','))),
        false => (Some(line), None),
    };
    whole.into_iter().chain(parts.into_iter().flatten())
}

/// All header lines of a request, in order.
///
/// Never a map: what looks headers up by name hides duplicates, and a duplicate is how a second credential gets past a
/// check of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers<'r>(Vec<Header<'r>>);

impl<'r> Headers<'r> {
    pub(super) fn new(pairs: &[HeaderPair<'r>]) -> Self {
        Self(pairs.iter().map(Header::new).collect())
    }

    /// Every line.
    pub fn iter(&self) -> impl Iterator<Item = &Header<'r>> {
        self.0.iter()
    }

    /// The values of the header `name` (lower case), one per line.
    pub fn lines<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q [u8]> {
        self.0.iter().filter(move |header| header.name == name).map(Header::value)
    }

    /// The elements of the comma-separated list that all lines of the header `name` (lower case) form together
    /// ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)), trimmed. Two lines and one joined
    /// line give the same elements, so hosts that join cannot reach another verdict.
    pub fn list<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q [u8]> {
        self.lines(name).flat_map(elements).map(|element| element.trim_ascii())
    }

    /// The value of the header `name` (lower case), if it has exactly one line.
    pub fn sole<'q>(&'q self, name: &str) -> Option<&'q [u8]> {
        let mut lines = self.lines(name);
        match (lines.next(), lines.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The one element of the list that all lines of the header `name` (lower case) form together.
    pub fn only<'q>(&'q self, name: &str) -> Option<&'q [u8]> {
        let mut elements = self.list(name);
        match (elements.next(), elements.next()) {
            (Some(element), None) => Some(element),
            _ => None,
        }
    }

    pub(super) fn into_owned(self) -> Headers<'static> {
        Headers(self.0.into_iter().map(Header::into_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, HeaderPair, fold};

    #[test]
    fn whatever_is_no_letter_and_no_digit_is_a_hyphen() {
        for byte in u8::MIN..=u8::MAX {
            let text = [b'a', byte, b'B', byte, b'1'];
            let header = Header::new(&HeaderPair { name: &text, value: b"" });
            let sign = if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
            if byte.is_ascii() {
                assert_eq!(header.folded().as_bytes(), [b'a', sign, b'b', sign, b'1'], "{byte:#x}");
            }
            assert_eq!(header.folded(), fold(header.name()));
            assert_eq!(header.clone().into_owned(), header);
        }
    }
}
