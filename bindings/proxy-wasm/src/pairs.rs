//! Header pairs as the host serialises them: how many there are, the lengths of the name and the value of each, and then these,
//! each with a zero byte behind it. Numbers have four bytes, the least first.

use proxy_wasm::types::Status;

/// One pair: name and value.
pub(crate) type Pair<'a> = (&'a str, &'a [u8]);

/// The pairs, which are not copied.
///
/// # Errors
///
/// If the bytes are anything else than pairs, or a name is not text.
pub(crate) fn read(map: &[u8]) -> Result<Vec<Pair<'_>>, Status> {
    // A host that has no pairs need not write that there are none.
    if map.is_empty() {
        return Ok(Vec::new());
    }
    split(map).ok_or(Status::ParseFailure)
}

fn split(map: &[u8]) -> Option<Vec<Pair<'_>>> {
    let (count, rest) = number(map)?;
    let (mut lengths, mut texts) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    while !lengths.is_empty() {
        let (name, value);
        (name, lengths) = number(lengths)?;
        (value, lengths) = number(lengths)?;
        let (name, behind) = text(texts, name)?;
        let (value, behind) = text(behind, value)?;
        texts = behind;
        pairs.push((core::str::from_utf8(name).ok()?, value));
    }
    texts.is_empty().then_some(pairs)
}

/// The number at the beginning, and what stands behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, behind) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, behind))
}

/// So many bytes at the beginning, and what stands behind them and their zero.
fn text(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, behind) = bytes.split_at_checked(length)?;
    Some((text, behind.strip_prefix(b"\0")?))
}

#[cfg(test)]
mod tests {
    use proxy_wasm::types::Status;

    use super::read;

    const MAP: &[u8] = b"\x02\0\0\0\x05\0\0\0\x03\0\0\0\x01\0\0\0\0\0\0\0:path\0/\xff1\0a\0\0";

    #[test]
    fn pairs_stand_one_after_the_other() {
        assert_eq!(read(MAP), Ok([(":path", b"/\xff1".as_slice()), ("a", b"")].into()));
        assert_eq!(read(b"\0\0\0\0"), Ok([].into()));
        assert_eq!(read(b""), Ok([].into()));
    }

    #[test]
    fn anything_else_is_refused() {
        for end in 1..MAP.len() {
            assert_eq!(read(&MAP[..end]), Err(Status::ParseFailure), "{end}");
        }
        for (place, byte) in [(0, 1), (0, 3), (3, 255), (4, 4), (4, 6), (8, 255), (12, 2), (25, 1), (29, 1)] {
            let mut map = MAP.to_vec();
            map[place] = byte;
            assert_eq!(read(&map), Err(Status::ParseFailure), "{place}");
        }
        let more = [MAP, b"x"].concat();
        assert_eq!(read(&more), Err(Status::ParseFailure));
        let mut name = MAP.to_vec();
        name[20] = 0xff;
        assert_eq!(read(&name), Err(Status::ParseFailure));
    }
}
