//! The request's body before it is on its way.

use alloc::vec::Vec;

use portcullis_component_http::bindings::wasi::clocks::monotonic_clock;
use portcullis_component_http::bindings::wasi::http::types::{IncomingBody, IncomingRequest, OutgoingBody};
use portcullis_component_http::bindings::wasi::io::poll::poll;
use portcullis_component_http::bindings::wasi::io::streams::{InputStream, StreamError};

use crate::pump::Pump;

/// How much of a body is read to find out whether there is one, in bytes.
const PIECE_BYTES: usize = 16 * 1024;
/// How much of the body of a request that is refused is read after the answer, in bytes, and for how long, in nanoseconds.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;
const DRAINED_NANOS: u64 = 5_000_000_000;
/// How long the connection then stays open unread: a client whose bytes go nowhere looks for an answer.
const LINGER_NANOS: u64 = 500_000_000;

/// A body as it comes from the caller, of which some may have been read. The stream stands before the body it belongs to:
/// a resource must be dropped before its parent, and fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Upload {
    input: InputStream,
    source: IncomingBody,
    /// What was read.
    ahead: Vec<u8>,
    /// Whether that is all of it.
    ended: bool,
}

/// The body broke off, or the host does not give it.
#[derive(Debug)]
pub(crate) struct BrokenOff;

impl Upload {
    /// The body of a request, of which nothing has been read.
    ///
    /// # Errors
    ///
    /// If the host does not give it.
    pub(crate) fn open(incoming: &IncomingRequest) -> Result<Self, BrokenOff> {
        let source = incoming.consume().map_err(|()| BrokenOff)?;
        let input = source.stream().map_err(|()| BrokenOff)?;
        Ok(Self { input, source, ahead: Vec::new(), ended: false })
    }

    /// Reads on until `bytes` have been read, or all of the body; what has been read.
    ///
    /// # Errors
    ///
    /// If the body breaks off. The part that came is not to be taken for the whole.
    pub(crate) fn read(&mut self, bytes: usize) -> Result<&[u8], BrokenOff> {
        while !self.ended && self.ahead.len() < bytes {
            self.read_piece(bytes.saturating_sub(self.ahead.len()))?;
        }
        Ok(&self.ahead)
    }

    /// Whether there is nothing in it, which its first piece tells.
    ///
    /// # Errors
    ///
    /// As [`Upload::read`].
    pub(crate) fn is_empty(&mut self) -> Result<bool, BrokenOff> {
        while !self.ended && self.ahead.is_empty() {
            self.read_piece(PIECE_BYTES)?;
        }
        Ok(self.ahead.is_empty())
    }

    fn read_piece(&mut self, bytes: usize) -> Result<(), BrokenOff> {
        match self.input.blocking_read(u64::try_from(bytes).unwrap_or(u64::MAX)) {
            Ok(bytes) => self.ahead.extend(bytes),
            Err(StreamError::Closed) => self.ended = true,
            Err(StreamError::LastOperationFailed(_)) => return Err(BrokenOff),
        }
        Ok(())
    }

    /// Reads on, up to a limit, and forgets what comes: a client that is still sending does not see the answer that is on its
    /// way if the connection is closed on it.
    pub(crate) fn drain(self) {
        let late = monotonic_clock::subscribe_duration(DRAINED_NANOS);
        let (mut left, ready) = (DRAINED_BYTES, self.input.subscribe());
        while left > 0 && !self.ended {
            let woken = poll(&[&ready, &late]);
            // The first is the body.
            if !woken.contains(&0) {
                return;
            }
            match self.input.read(u64::try_from(left).unwrap_or(u64::MAX)) {
                Ok(bytes) => left = left.saturating_sub(bytes.len()),
                Err(_) => return,
            }
        }
        if !self.ended {
            monotonic_clock::subscribe_duration(LINGER_NANOS).block();
        }
    }

    /// Sends it to `sink`, what was read first. None if the host has no stream.
    pub(crate) fn into_pump(self, sink: OutgoingBody) -> Option<Pump> {
        let Self { input, source, ahead, .. } = self;
        Pump::new(source, input, sink, ahead)
    }
}
