//! Bytes from one body to another, inside the host.

use alloc::vec::Vec;

use portcullis_component_http::bindings::wasi::http::types::{ErrorCode, Fields, IncomingBody, OutgoingBody};
use portcullis_component_http::bindings::wasi::io::poll::Pollable;
use portcullis_component_http::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// The most that is moved in one go, in bytes; the host may take less.
const CHUNK_BYTES: u64 = 64 * 1024;

/// A body on its way. The streams stand before the bodies they belong to: a resource must be dropped before its parent,
/// and fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Pump {
    input: InputStream,
    output: OutputStream,
    source: IncomingBody,
    sink: OutgoingBody,
    /// What was read ahead.
    pending: Vec<u8>,
    /// Whether something was written since the last flush.
    unflushed: bool,
}

/// What a pump has come to.
#[derive(Debug)]
pub(crate) enum State {
    /// Bytes have moved; go on.
    Moving,
    /// Nothing moves before this is ready.
    Waiting(Pollable),
    /// All of it has been moved.
    Complete,
    /// The source broke off before its end.
    BrokenOff,
    /// The sink takes no more.
    Refused,
}

impl Pump {
    /// A pump from `source`, whose stream is `input`, to `sink`; `pending` comes first. None if the host has no stream.
    pub(crate) fn new(
        source: IncomingBody,
        input: InputStream,
        sink: OutgoingBody,
        pending: Vec<u8>,
    ) -> Option<Self> {
        match sink.write() {
            Ok(output) => Some(Self { input, output, source, sink, pending, unflushed: false }),
            Err(()) => {
                drop(input);
                None
            }
        }
    }

    /// Moves what can be moved without waiting.
    pub(crate) fn advance(&mut self) -> State {
        let room = match self.output.check_write() {
            Ok(0) => return State::Waiting(self.output.subscribe()),
            Ok(room) => room.min(CHUNK_BYTES),
            Err(_) => return State::Refused,
        };
        if !self.pending.is_empty() {
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(self.pending.len());
            let part: Vec<u8> = self.pending.drain(..count).collect();
            return self.moved(self.output.write(&part));
        }
        match self.output.splice(&self.input, room) {
            Ok(0) if self.unflushed => {
                self.unflushed = false;
                match self.output.flush() {
                    Ok(()) => State::Moving,
                    Err(_) => State::Refused,
                }
            }
            Ok(0) => State::Waiting(self.input.subscribe()),
            // Either end may be meant; if the sink still takes bytes, it is the source.
            Err(StreamError::Closed) if self.output.check_write().is_ok() => State::Complete,
            Err(StreamError::LastOperationFailed(_)) if self.output.check_write().is_ok() => State::BrokenOff,
            moved => self.moved(moved.map(|_| ())),
        }
    }

    fn moved(&mut self, result: Result<(), StreamError>) -> State {
        self.unflushed = true;
        match result {
            Ok(()) => State::Moving,
            Err(_) => State::Refused,
        }
    }

    /// Completes the body, without trailers.
    ///
    /// # Errors
    ///
    /// If the host does not take it for complete, as where it is shorter than its head says.
    pub(crate) fn finish(self) -> Result<(), ErrorCode> {
        let Self { input, output, source, sink, .. } = self;
        drop((input, output, source));
        OutgoingBody::finish(sink, None)
    }

    /// Completes the body with the trailers of its source; leaves it incomplete if they do not come.
    pub(crate) fn finish_with_trailers(self) {
        let Self { input, output, source, sink, .. } = self;
        drop((input, output));
        let trailers = IncomingBody::finish(source);
        trailers.subscribe().block();
        let Some(Ok(Ok(found))) = trailers.get() else { return };
        let copied = found.map(|fields| {
            let copy = Fields::new();
            for (name, value) in fields.entries() {
                // A trailer that the host forbids is dropped, as any recipient may (RFC 9110 section 6.5.1).
                let _ = copy.append(&name, &value);
            }
            copy
        });
        let _ = OutgoingBody::finish(sink, copied);
    }
}
