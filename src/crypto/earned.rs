//! What is worked out for a key once it has been used often enough.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};

use once_cell::race::OnceBox;

/// How many signatures a key has to verify before it is worth the work, which takes as long as three or so.
const USES: u8 = 4;

/// Something that a key earns by verifying signatures. Clones of a key share it.
pub(super) struct Earned<T>(Arc<Inner<T>>);

struct Inner<T> {
    uses: AtomicU8,
    value: OnceBox<T>,
}

impl<T> Earned<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner { uses: AtomicU8::new(0), value: OnceBox::new() }))
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.0.value.get()
    }

    /// Counts a signature that was valid, and does the work if it was the last that it took.
    ///
    /// SECURITY: only for valid ones, which nobody makes without the private key: whoever sends others has nothing worked out.
    pub(super) fn count(&self, make: impl FnOnce() -> T) {
        if self.0.uses.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= USES {
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
    use super::{Earned, USES};

    #[test]
    fn it_is_there_from_the_last_use_that_it_takes() {
        let (earned, mut made) = (Earned::new(), 0);
        for uses in 1..=300_u16 {
            earned.clone().count(|| made += 1);
            assert_eq!(earned.get().is_some(), uses >= u16::from(USES), "{uses}");
        }
        assert_eq!(made, 1);
    }
}
