//! A stream that sends prepared bytes in place of what is written to it, and is read as usual.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The stream. The bytes go out when the first write comes, so that a response cannot be there before its request.
pub(super) struct Verbatim {
    stream: TcpStream,
    unsent: Vec<u8>,
    sent: usize,
}

impl Verbatim {
    pub(super) fn new(stream: TcpStream, bytes: Vec<u8>) -> Self {
        Self { stream, unsent: bytes, sent: 0 }
    }
}

impl AsyncRead for Verbatim {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Verbatim {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        while let Some(rest) = this.unsent.get(this.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut this.stream).poll_write(context, rest)) {
                Ok(count) => this.sent = this.sent.saturating_add(count),
                // The server has stopped reading; what it answered before may still be there to read.
                Err(_) => this.sent = this.unsent.len(),
            }
        }
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    // Half-closing would tell the server that the client is gone.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
