//! The body of a request, of which some may be read before it goes on.

use alloc::vec::Vec;
use core::pin::pin;

use futures_util::future::{Either, select};
use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, spawn_local};

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Trailers};
use crate::bindings::{wit_future, wit_stream};

/// The most that is read in one go, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// How much of the body of a request that is refused is read after the answer, in bytes, and for how long, in nanoseconds.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;
const DRAINED_NANOS: u64 = 5_000_000_000;
/// How long the connection then stays open unread: a client whose bytes go nowhere looks for an answer.
const LINGER_NANOS: u64 = 500_000_000;

/// What follows a body: trailers, if there are any, or why it broke off.
pub(crate) type Ending = Result<Option<Trailers>, ErrorCode>;
/// How a transmission went.
pub(crate) type Transmitted = Result<(), ErrorCode>;

/// A body as it comes from the caller.
#[derive(Debug)]
pub(crate) struct Upload {
    input: StreamReader<u8>,
    /// What was read.
    ahead: Vec<u8>,
    end: End,
    /// Tells the host how the request was dealt with.
    outcome: FutureWriter<Transmitted>,
}

/// Where a body ends.
#[derive(Debug)]
enum End {
    /// Not here yet.
    Ahead(FutureReader<Ending>),
    /// All of it has been read.
    Reached(Option<Trailers>),
}

/// The body broke off.
#[derive(Debug)]
pub(crate) struct BrokenOff;

/// A body to send, in the terms of `Request::new`; and where the outcome goes.
pub(crate) struct Body {
    pub(crate) contents: Option<StreamReader<u8>>,
    pub(crate) trailers: FutureReader<Ending>,
    pub(crate) outcome: FutureWriter<Transmitted>,
}

impl Upload {
    /// The body of `request`, of which nothing has been read.
    pub(crate) fn open(request: Request) -> Self {
        let (outcome, told) = wit_future::new(|| Ok(()));
        let (input, trailers) = Request::consume_body(request, told);
        Self { input, ahead: Vec::new(), end: End::Ahead(trailers), outcome }
    }

    /// Reads on until `bytes` have been read, or all of the body; what has been read.
    ///
    /// # Errors
    ///
    /// If the body breaks off. The part that came is not to be taken for the whole.
    pub(crate) async fn read(self, bytes: usize) -> Result<Self, BrokenOff> {
        let Self { mut input, mut ahead, end, outcome } = self;
        let End::Ahead(ending) = end else { return Ok(Self { input, ahead, end, outcome }) };
        while ahead.len() < bytes {
            let wanted = bytes.saturating_sub(ahead.len()).min(PIECE_BYTES);
            let (status, piece) = input.read(Vec::with_capacity(wanted)).await;
            ahead.extend(piece);
            if status == StreamResult::Dropped {
                let trailers = ending.await.map_err(|_| BrokenOff)?;
                return Ok(Self { input, ahead, end: End::Reached(trailers), outcome });
            }
        }
        Ok(Self { input, ahead, end: End::Ahead(ending), outcome })
    }

    /// Whether there is nothing in what has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }

    /// What has been read.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.ahead
    }

    /// All of it, to send on. What was not read is handed on inside the host.
    pub(crate) fn into_body(self) -> Body {
        let Self { input, ahead, end, outcome } = self;
        let (contents, trailers) = match end {
            End::Ahead(trailers) if ahead.is_empty() => (Some(input), trailers),
            End::Ahead(trailers) => (Some(joined(ahead, Some(input))), trailers),
            End::Reached(trailers) => {
                let contents = (!ahead.is_empty()).then(|| joined(ahead, None));
                (contents, ready(trailers))
            }
        };
        Body { contents, trailers, outcome }
    }

    /// Reads on after the answer, up to a limit, and forgets what comes: a client that is still sending does not see the answer
    /// that is on its way if the connection is closed on it.
    pub(crate) fn drain(self) {
        spawn_local(async move {
            let Self { mut input, end: End::Ahead(_ending), .. } = self else { return };
            let ended = {
                let (read, late) =
                    (pin!(read_away(&mut input)), pin!(monotonic_clock::wait_for(DRAINED_NANOS)));
                // In this order: the clock is not asked about a body that has ended.
                match select(read, late).await {
                    Either::Left((ended, _)) => ended,
                    Either::Right(_) => true,
                }
            };
            if !ended {
                monotonic_clock::wait_for(LINGER_NANOS).await;
            }
        });
    }
}

/// Reads up to [`DRAINED_BYTES`]; whether that was all.
async fn read_away(input: &mut StreamReader<u8>) -> bool {
    let (mut left, mut buffer) = (DRAINED_BYTES, Vec::new());
    while left > 0 {
        buffer.clear();
        buffer.reserve(PIECE_BYTES);
        let (status, piece) = input.read(buffer).await;
        if status == StreamResult::Dropped {
            return true;
        }
        left = left.saturating_sub(piece.len());
        buffer = piece;
    }
    false
}

/// A stream of `ahead`, and of what `rest` brings then.
fn joined(ahead: Vec<u8>, rest: Option<StreamReader<u8>>) -> StreamReader<u8> {
    let (mut output, joined) = wit_stream::new();
    spawn_local(async move {
        let mut unsent = output.write_all(ahead).await;
        let Some(mut rest) = rest else { return };
        // What is not sent was not wanted: whoever reads has gone.
        while unsent.is_empty() {
            unsent.reserve(PIECE_BYTES);
            let (status, piece) = rest.read(unsent).await;
            unsent = output.write_all(piece).await;
            if status == StreamResult::Dropped {
                return;
            }
        }
    });
    joined
}

/// The end of a body that has these trailers.
pub(crate) fn ready(trailers: Option<Trailers>) -> FutureReader<Ending> {
    // Without a value of its own, it has the one it is made with.
    let (writer, ending) = wit_future::new(|| Ok(None));
    if trailers.is_some() {
        spawn_local(async move { writer.write(Ok(trailers)).await.is_ok() });
    }
    ending
}
