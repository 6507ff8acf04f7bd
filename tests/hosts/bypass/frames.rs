//! HTTP/2 frames (RFC 9113), written and read just far enough. Written by hand: a library that sends
//! what is not allowed is hard to find.

/// A header's name and value.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;
/// The largest frame that every server takes.
const LARGEST: usize = 16384;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection with one request on it.
pub(crate) fn request(fields: &[Field], body: &[u8]) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    let block: Vec<u8> = fields.iter().flat_map(literal).collect();
    let parts: Vec<&[u8]> = block.chunks(LARGEST).collect();
    for (index, part) in parts.iter().enumerate() {
        let kind = if index == 0 { HEADERS } else { CONTINUATION };
        let last = if index + 1 == parts.len() { END_HEADERS } else { 0 };
        let only = if index == 0 && body.is_empty() { END_STREAM } else { 0 };
        bytes.extend(frame(kind, last | only, 1, part));
    }
    let parts: Vec<&[u8]> = body.chunks(LARGEST).collect();
    for (index, part) in parts.iter().enumerate() {
        bytes.extend(frame(DATA, if index + 1 == parts.len() { END_STREAM } else { 0 }, 1, part));
    }
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field as a literal that nobody is to index, with plain strings (RFC 7541 section 6.2.3).
fn literal((name, value): &Field) -> Vec<u8> {
    let mut bytes = vec![0x10];
    for text in [name, value] {
        bytes.extend(length(text.len()));
        bytes.extend(text);
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(number: usize) -> Vec<u8> {
    const PREFIX: usize = 127;
    if number < PREFIX {
        return vec![u8::try_from(number).unwrap_or_default()];
    }
    let mut bytes = vec![127];
    let mut rest = number - PREFIX;
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap_or_default() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap_or_default());
    bytes
}

/// Whether the answer to the one request is complete, or there will be none.
pub(crate) fn answered(mut bytes: &[u8]) -> bool {
    while let Some(head) = bytes.get(..HEAD) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let ends = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        if ends || matches!(kind, RST_STREAM | GOAWAY) {
            return true;
        }
        match bytes.get(HEAD + length..) {
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    false
}
