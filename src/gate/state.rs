//! What a gate has learned: beside the gate, which never changes.

use crate::memory::Memory;
use crate::sources::Sources;

use super::parts::Gate;

/// What a gate has learned while it runs.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) sources: Sources,
    pub(super) memory: Memory,
}

impl State {
    /// Of a gate that has just begun. `seed` spreads the fetches of many.
    pub(super) fn new(gate: &Gate, seed: u64) -> Self {
        let parts = gate.parts();
        Self { sources: Sources::new(parts.rules(), seed), memory: Memory::new(parts.memory) }
    }

    /// Of a gate that learns nothing.
    pub(super) fn none() -> Self {
        Self { sources: Sources::default(), memory: Memory::none() }
    }
}
