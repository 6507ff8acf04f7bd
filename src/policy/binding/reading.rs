//! What a request has in the place of a parameter.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// What a request has in the place of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<'r> {
    /// The values found there, decoded. Of a list, its elements.
    pub found: Vec<Cow<'r, [u8]>>,
    /// Whether they are what the origin will find there.
    pub occurrence: Occurrence,
}

/// How often a request has a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Not at all, whatever the origin is made of.
    Absent,
    /// Once, whatever the origin is made of: one value, or one list of a body.
    Sole,
    /// Several times, or in a form that servers read differently.
    Unclear,
}

impl<'r> Reading<'r> {
    pub(super) const ABSENT: Self = Self { found: Vec::new(), occurrence: Occurrence::Absent };
    pub(super) const UNCLEAR: Self = Self { found: Vec::new(), occurrence: Occurrence::Unclear };

    /// Nothing so far.
    pub(super) fn new() -> Self {
        Self::ABSENT
    }

    /// One value that every server reads.
    pub(super) fn sole(value: Cow<'r, [u8]>) -> Self {
        let mut reading = Self::new();
        reading.add(value);
        reading
    }

    /// One more value that every server reads: the second one makes it unclear which counts.
    pub(super) fn add(&mut self, value: Cow<'r, [u8]>) {
        self.found.push(value);
        self.occurrence = match self.occurrence {
            Occurrence::Absent => Occurrence::Sole,
            Occurrence::Sole | Occurrence::Unclear => Occurrence::Unclear,
        };
    }

    /// Something that some server may read as the parameter.
    pub(super) fn add_unclear(&mut self, value: Cow<'r, [u8]>) {
        self.found.push(value);
        self.occurrence = Occurrence::Unclear;
    }
}
