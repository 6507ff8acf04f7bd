//! What the log is told of the gate itself.

use portcullis::{LiveGate, MemoryCounters, SharedCounters, SourceStatus, UnixTime};
use serde::Serialize;

#[derive(Serialize)]
struct Status {
    sources: Vec<SourceStatus>,
    memory: MemoryCounters,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<SharedCounters>,
}

/// How the sources of keys are at `now`, and of how much use the memory and the shared cache were, as a line of JSON.
pub(crate) fn line(live: &LiveGate, now: UnixTime) -> String {
    let status = Status { sources: live.sources(now), memory: live.memory(), shared: live.shared() };
    serde_json::to_string(&status).unwrap_or_default()
}
