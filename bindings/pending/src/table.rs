//! Values under handles.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// The most decisions that wait at one time. Where more would, the oldest goes: a host that never comes back must not
/// fill the memory.
pub const WAITING: usize = 1024;

/// Values, each under a handle of its own.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// The oldest first: handles are given out in order.
    waiting: BTreeMap<u64, T>,
    last: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), last: 0 }
    }
}

impl<T> Table<T> {
    /// Keeps a value; the handle for it, in decimal digits.
    pub(crate) fn keep(&mut self, value: T) -> String {
        // SECURITY: never given out twice, so that a late host cannot get at the decision about another request.
        self.last = self.last.saturating_add(1);
        let handle = self.last;
        self.waiting.insert(handle, value);
        if self.waiting.len() > WAITING {
            self.waiting.pop_first();
        }
        handle.to_string()
    }

    /// The value under `handle`, which is no longer kept.
    pub(crate) fn take(&mut self, handle: &str) -> Option<T> {
        self.waiting.remove(&handle.parse().ok()?)
    }
}
