//! The request's body before it is on its way.

use alloc::vec::Vec;

use portcullis_component_http::bindings::wasi::http::types::{IncomingBody, IncomingRequest, OutgoingBody};
use portcullis_component_http::bindings::wasi::io::streams::{InputStream, StreamError};

use crate::pump::Pump;

/// How much of a body is read to find out whether there is one, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

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

    /// Sends it to `sink`, what was read first. None if the host has no stream.
    pub(crate) fn into_pump(self, sink: OutgoingBody) -> Option<Pump> {
        let Self { input, source, ahead, .. } = self;
        Pump::new(source, input, sink, ahead)
    }
}
