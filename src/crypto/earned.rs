//! What is worked out for a key once it has been used often enough.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU16, Ordering};

use once_cell::race::OnceBox;

/// Who has verified a signature, and so how much less time the next one takes with what is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VerifiedBy {
    /// The library of the curve: the work takes as long as three or so.
    Library,
    /// The host, which is almost as fast: the work takes as long as it saves in some hundred.
    #[cfg(feature = "ecdsa")]
    Host,
}

impl VerifiedBy {
    /// How many signatures a key has to verify before it is worth the work.
    pub(super) const fn uses(self) -> u16 {
        match self {
            Self::Library => 4,
            #[cfg(feature = "ecdsa")]
            Self::Host => 256,
        }
    }
}

/// What a key has to have earned; each signature earns it this, divided by its [`VerifiedBy::uses`].
const EARNED: u16 = 256;

/// Something that a key earns by verifying signatures. Clones of a key share it.
pub(super) struct Earned<T>(Arc<Inner<T>>);

struct Inner<T> {
    earned: AtomicU16,
    value: OnceBox<T>,
}

impl<T> Earned<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { earned: AtomicU16::new(0), value: OnceBox::new() }))
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.0.value.get()
    }

    /// Counts a signature that was valid, and does the work if it was the last that it took.
    ///
    /// SECURITY: only for valid ones, which nobody makes without the private key: whoever sends others has nothing worked out.
    pub(super) fn count(&self, by: VerifiedBy, make: impl FnOnce() -> T) {
        let part = EARNED.div_euclid(by.uses());
        // Whoever counts later, as for a signature of which the table cannot tell, changes nothing: what is there stays.
        if self.0.earned.fetch_add(part, Ordering::Relaxed).saturating_add(part) >= EARNED {
            self.0.value.get_or_init(|| Box::new(make()));
        }
    }
}

impl<T> Clone for Earned<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Earned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Earned").field(&self.get().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Earned, VerifiedBy};

    #[test]
    fn it_is_there_from_the_last_use_that_it_takes() {
        for by in [VerifiedBy::Library, VerifiedBy::Host] {
            let (earned, mut made) = (Earned::new(), 0);
            for uses in 1..=300_u16 {
                earned.clone().count(by, || made += 1);
                assert_eq!(earned.get().is_some(), uses >= by.uses(), "{by:?} {uses}");
            }
            assert_eq!(made, 1);
        }
    }

    #[test]
    fn uses_of_both_kinds_add_up() {
        let earned = Earned::new();
        (0..64).for_each(|_| earned.count(VerifiedBy::Host, || ()));
        (0..2).for_each(|_| earned.count(VerifiedBy::Library, || ()));
        assert!(earned.get().is_none());
        earned.count(VerifiedBy::Library, || ());
        assert!(earned.get().is_some());
    }
}
