//! What decides, and what it has learned.

use alloc::string::String;
use alloc::vec::Vec;

use atomic_refcell::AtomicRefCell;
use portcullis::{Gate, LiveGate, UnixTime};
use portcullis_config::{Diagnostic, Loaded};

use crate::notices::Notices;

/// A configuration that has loaded, and what its gate learns for as long as the instance lives.
#[derive(Debug)]
pub struct Policy {
    /// The gate as configured.
    pub gate: Gate,
    /// What is no error and still worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    live: AtomicRefCell<LiveGate>,
    notices: AtomicRefCell<Notices>,
}

impl Policy {
    /// That of a configuration; nothing has been learned yet. `seed` is any number that other instances do not have.
    pub fn new(loaded: Loaded, seed: u64) -> Self {
        let Loaded { gate, diagnostics } = loaded;
        let live = AtomicRefCell::new(LiveGate::new(gate.clone(), seed));
        Self { gate, diagnostics, live, notices: AtomicRefCell::default() }
    }

    /// Calls `step` with the gate that learns. It is borrowed for as long as that takes: a step calls no host.
    pub fn with<T>(&self, step: impl FnOnce(&mut LiveGate) -> T) -> T {
        step(&mut self.live.borrow_mut())
    }

    /// One line for each source of keys that has begun to fail since the last time, or has recovered.
    pub fn notices(&self, now: UnixTime) -> Vec<String> {
        let sources = self.live.borrow().sources(now);
        self.notices.borrow_mut().of(&sources)
    }
}
