//! Which origin's script a request is from
//! ([Fetch standard, `Origin` header](https://fetch.spec.whatwg.org/#origin-header)).

use super::head::RequestHead;

/// What the `Origin` header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'r> {
    /// There is none: no browser sent the request, or one for a page of the same origin, an image or a navigation.
    Absent,
    /// One origin, as it is written; perhaps `null`, or no origin at all.
    One(&'r [u8]),
    /// Several: no browser sends that.
    Several,
}

impl<'r> Origin<'r> {
    /// Reads the lines of the header. A list in one line is the same as its elements in lines of their own.
    pub(super) fn read(lines: impl Iterator<Item = &'r [u8]>) -> Self {
        let mut elements = lines.flat_map(|line| line.split(|byte| *byte == b','));
        match (elements.next(), elements.next()) {
            (None, _) => Self::Absent,
            (Some(only), None) => Self::One(only.trim_ascii()),
            (Some(_), Some(_)) => Self::Several,
        }
    }

    /// That of a head, whether or not the rest of it can be read.
    pub(crate) fn of(head: &RequestHead<'r>) -> Self {
        let lines = head.headers.iter().filter(|pair| pair.name.eq_ignore_ascii_case(b"origin"));
        Self::read(lines.map(|pair| pair.value))
    }
}
