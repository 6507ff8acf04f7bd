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

/// The status of the final response, if it has come.
pub(crate) fn status(mut bytes: &[u8]) -> Option<u16> {
    loop {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, rest) = rest.split_at_checked(length)?;
        if head[3] == HEADERS
            && let Some(status) = first_field(payload)
            && !(100..200).contains(&status)
        {
            return Some(status);
        }
        bytes = rest;
    }
}

/// The value of `:status`, which comes first, by its index in the static table or as a literal (RFC 7541 section 6).
fn first_field(mut block: &[u8]) -> Option<u16> {
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    // A change of the table's size.
    while block.first()? & 0xe0 == 0x20 {
        block = &block[1..];
    }
    let (first, rest) = block.split_first()?;
    if let Some(at) = first.checked_sub(0x80 | 8) {
        return INDEXED.get(usize::from(at)).copied();
    }
    // With this name, to be indexed, not to be, and never.
    if ![0x48, 0x08, 0x18].contains(&(first & !0x07)) {
        return None;
    }
    let (length, text) = rest.split_first()?;
    let text = text.get(..usize::from(length & 0x7f))?;
    match length & 0x80 {
        0 => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => huffman_digits(text),
    }
}

/// Three digits in the code of RFC 7541, appendix B.
fn huffman_digits(text: &[u8]) -> Option<u16> {
    let mut bits = text.iter().flat_map(|byte| (0..8).rev().map(move |shift| u16::from(byte >> shift & 1)));
    let mut number = 0;
    for _ in 0..3 {
        let short = (0..5).try_fold(0, |code, _| Some(code << 1 | bits.next()?))?;
        // 0 to 2 have five bits, 3 to 9 have six.
        let digit = if short < 3 { short } else { (short << 1 | bits.next()?).checked_sub(0b01_1001 - 3)? };
        number = number * 10 + digit;
    }
    Some(number)
}
