//! Whether there are tables at all.

/// Whether keys that are used often have tables worked out, by which they verify the same signatures in less time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    Earned,
    None,
}
