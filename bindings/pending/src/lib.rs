//! Decisions that wait while their host is elsewhere.
//!
//! A need is a value of Rust. A host on the other side of a boundary, like JavaScript, gets a handle in its place and
//! gives that back with what it found out.
#![no_std]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::cell::RefCell;

use portcullis::{BodyNeed, CallNeed, Need, RecordNeed, WaitNeed};

/// The most decisions that wait at one time. Where more would, the oldest goes: a host that never comes back must not
/// fill the memory.
pub const WAITING: usize = 1024;

/// The decisions of one gate that wait, each under a handle of its own.
///
/// A handle is good for one supply, of its own kind. Whatever else is done with it gets nothing, and a host must refuse the
/// request with [`Reason::Internal`](portcullis::Reason::Internal) then.
#[derive(Debug, Default)]
pub struct Pending(RefCell<Table>);

#[derive(Debug, Default)]
struct Table {
    /// The oldest first: handles are given out in order.
    waiting: BTreeMap<u64, Need>,
    last: u64,
}

impl Pending {
    /// Keeps a need; the handle for it, in decimal digits.
    pub fn keep(&self, need: Need) -> String {
        let mut table = self.0.borrow_mut();
        // SECURITY: never given out twice, so that a late host cannot get at the decision about another request.
        table.last = table.last.saturating_add(1);
        let handle = table.last;
        table.waiting.insert(handle, need);
        if table.waiting.len() > WAITING {
            table.waiting.pop_first();
        }
        handle.to_string()
    }

    /// The decision under `handle`, if it waits for a record. It is no longer kept, whatever it waits for.
    pub fn take_record(&self, handle: &str) -> Option<RecordNeed> {
        match self.take(handle)? {
            Need::ApiKeyRecord(need) => Some(need),
            Need::Body(_) | Need::Call(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for a body. It is no longer kept, whatever it waits for.
    pub fn take_body(&self, handle: &str) -> Option<BodyNeed> {
        match self.take(handle)? {
            Need::Body(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Call(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for the answer to a call. It is no longer kept, whatever it waits for.
    pub fn take_call(&self, handle: &str) -> Option<CallNeed> {
        match self.take(handle)? {
            Need::Call(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Body(_) | Need::Wait(_) => None,
        }
    }

    /// The decision under `handle`, if it waits for another one. It is no longer kept, whatever it waits for.
    pub fn take_wait(&self, handle: &str) -> Option<WaitNeed> {
        match self.take(handle)? {
            Need::Wait(need) => Some(need),
            Need::ApiKeyRecord(_) | Need::Body(_) | Need::Call(_) => None,
        }
    }

    /// Gives up the decision under `handle`, if it still waits.
    pub fn release(&self, handle: &str) {
        drop(self.take(handle));
    }

    fn take(&self, handle: &str) -> Option<Need> {
        self.0.borrow_mut().waiting.remove(&handle.parse().ok()?)
    }
}
