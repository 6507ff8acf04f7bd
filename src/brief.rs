//! Texts as numbers, by which they are told apart sooner than by their bytes.

/// What a text begins and ends with, eight bytes or four of each, as one number. Of two that have the same, nothing follows.
#[inline]
pub(crate) fn brief(text: &str) -> u64 {
    // Odd, so that nothing of what is multiplied is lost.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = text.as_bytes();
    let eight = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let four = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (eight(first), eight(last)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => (four(first), four(last)),
            _ => (bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)), 0),
        },
    };
    first.wrapping_mul(FACTOR) ^ last
}
