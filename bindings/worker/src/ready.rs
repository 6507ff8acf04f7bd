//! A gate as it lives in an isolate.

use core::hash::{Hash as _, Hasher as _};
use std::hash::DefaultHasher;

use portcullis::{LiveGate, UnixTime};
use portcullis_pending::Notices;

/// What it takes to allow a request.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) gate: portcullis::Gate,
    pub(crate) origin: String,
    /// The same gate with what it has learned, once there was a request: an isolate has no random number before that.
    pub(crate) live: Option<LiveGate>,
    notices: Notices,
}

impl Ready {
    pub(crate) fn new(gate: portcullis::Gate, origin: String) -> Self {
        Self { gate, origin, live: None, notices: Notices::default() }
    }

    /// The gate with what it has learned. `random` is any text that other isolates do not have.
    pub(crate) fn live(&mut self, random: &str) -> &mut LiveGate {
        self.live.get_or_insert_with(|| {
            let mut seed = DefaultHasher::new();
            random.hash(&mut seed);
            LiveGate::new(self.gate.clone(), seed.finish()).with_one_store().with_shared_cache(&self.origin)
        })
    }

    /// Tells the log what has changed about the sources of keys.
    pub(crate) fn notice(&mut self, now: UnixTime) {
        let sources = self.live.as_ref().map(|live| live.sources(now)).unwrap_or_default();
        for notice in self.notices.look(&sources) {
            worker::console_warn!("portcullis: {notice}");
        }
    }
}
