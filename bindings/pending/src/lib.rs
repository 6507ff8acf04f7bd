//! Decisions that wait while their host is elsewhere, and what else such a host keeps here.
//!
//! A need is a value of Rust. A host on the other side of a boundary, like JavaScript, gets a handle in its place and
//! gives that back with what it found out.
#![no_std]

extern crate alloc;

mod notices;
mod refreshes;
mod table;

use alloc::string::String;
use core::cell::RefCell;

use portcullis::{BodyNeed, CallNeed, Need, RecordNeed, RevocationNeed, WaitNeed};

use crate::table::Table;

pub use crate::notices::Notices;
pub use crate::refreshes::Refreshes;
pub use crate::table::WAITING;

/// The decisions of one gate that wait, each under a handle of its own.
///
/// A handle is good for one supply, of its own kind. Whatever else is done with it gets nothing, and a host must refuse the
/// request with [`Reason::Internal`](portcullis::Reason::Internal) then.
#[derive(Debug, Default)]
pub struct Pending(RefCell<Table<Need>>);

impl Pending {
    /// Keeps a need; the handle for it, in decimal digits.
    pub fn keep(&self, need: Need) -> String {
        self.0.borrow_mut().keep(need)
    }

    /// The decision under `handle`, if it waits for a record. It is no longer kept, whatever it waits for.
    pub fn take_record(&self, handle: &str) -> Option<RecordNeed> {
        match self.take(handle)? {
            Need::ApiKeyRecord(need) => Some(need),
            Need::Revocations(_) | Need::Body(_) | Need::Call(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for revocations. It is no longer kept, whatever it waits for.
    pub fn take_revocations(&self, handle: &str) -> Option<RevocationNeed> {
        match self.take(handle)? {
            Need::Revocations(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Body(_) | Need::Call(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for a body. It is no longer kept, whatever it waits for.
    pub fn take_body(&self, handle: &str) -> Option<BodyNeed> {
        match self.take(handle)? {
            Need::Body(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Revocations(_) | Need::Call(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for the answer to a call. It is no longer kept, whatever it waits for.
    pub fn take_call(&self, handle: &str) -> Option<CallNeed> {
        match self.take(handle)? {
            Need::Call(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Revocations(_) | Need::Body(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for another one. It is no longer kept, whatever it waits for.
    pub fn take_wait(&self, handle: &str) -> Option<WaitNeed> {
        match self.take(handle)? {
            Need::Wait(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Revocations(_) | Need::Body(_) | Need::Call(_) => None,
        }
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        drop(self.take(handle));
    }

    fn take(&self, handle: &str) -> Option<Need> {
        self.0.borrow_mut().take(handle)
    }
}
