//! What the log is told of the gate itself.

use portcullis::{LiveGate, MemoryCounters, SourceStatus, UnixTime};
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    sources: Vec<SourceStatus>,
    memory: MemoryCounters,
}

/// How the sources of keys are at `now`, and of how much use the memory was, as a line of JSON.
pub(crate) fn line(live: &LiveGate, now: UnixTime) -> String {
    let status = Status { sources: live.sources(now), memory: live.memory() };
    serde_json::to_string(&status).unwrap_or_default()
}
