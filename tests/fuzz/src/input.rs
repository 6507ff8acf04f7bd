//! How an input is taken apart: ten bytes that choose the setting, then text between ASCII's own separators, which stand
//! in no request. Mutations keep most of such a structure, and a person can read it.

/// Between the parts of an input.
pub(crate) const GROUP: u8 = 0x1d;
/// Between the lines of a request head.
pub(crate) const RECORD: u8 = 0x1e;
/// Between method and target, and between the name and the value of a header.
pub(crate) const UNIT: u8 = 0x1f;

/// What stands for the token in a request, as in the case files.
const PLACEHOLDER: &[u8] = b"{token}";

/// The parts of `bytes` between `separator`s, at most `most` of them; what follows belongs to the last.
pub(crate) fn split(bytes: &[u8], separator: u8, most: usize) -> Vec<&[u8]> {
    bytes.splitn(most, |byte| *byte == separator).collect()
}

/// `text` with the token filled in.
pub(crate) fn fill(text: &[u8], token: &str) -> Vec<u8> {
    let mut filled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER) {
        filled.extend(&rest[..at]);
        filled.extend(token.as_bytes());
        rest = &rest[at + PLACEHOLDER.len()..];
    }
    filled.extend(rest);
    filled
}
