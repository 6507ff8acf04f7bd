//! Fetches that are under way.

use alloc::string::String;
use core::cell::RefCell;

use portcullis::Refresh;

use crate::table::Table;

/// The fetches of one gate that are under way for no decision in particular, each under a handle of its own, which is good
/// for one answer.
#[derive(Debug, Default)]
pub struct Refreshes(RefCell<Table<Refresh>>);

impl Refreshes {
    /// Keeps a fetch; the handle for it, in decimal digits.
    pub fn keep(&self, refresh: Refresh) -> String {
        self.0.borrow_mut().keep(refresh)
    }

    /// The fetch under `handle`, which is no longer kept.
    pub fn take(&self, handle: &str) -> Option<Refresh> {
        self.0.borrow_mut().take(handle)
    }
}
