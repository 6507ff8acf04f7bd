//! Bodies as clients send them, slow and broken clients among them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hyper::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http::{self, Chunk, Request, Response, TIMEOUT};

/// The pause after each chunk: long enough for a proxy to see one after the other.
const PAUSE: Duration = Duration::from_millis(1);

/// How a body is sent.
#[derive(Debug, Clone)]
pub enum Body {
    /// There is none.
    None,
    /// After its length.
    Measured(Vec<u8>),
    /// In the chunked coding (RFC 9112 section 7.1), one chunk after the other.
    Chunked(Vec<Vec<u8>>, Ending),
}

/// How a body in chunks ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Complete,
    /// With a trailer.
    Trailer,
    /// Not at all: the client goes away.
    Abort,
}

impl Body {
    /// In one chunk.
    pub fn chunk(bytes: &[u8]) -> Self {
        Self::Chunked(vec![bytes.to_vec()], Ending::Complete)
    }

    /// In chunks of at most `length` bytes.
    pub fn chunks(bytes: &[u8], length: usize, ending: Ending) -> Self {
        Self::Chunked(bytes.chunks(length).map(<[u8]>::to_vec).collect(), ending)
    }

    /// All of it.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Measured(bytes) => bytes.clone(),
            Self::Chunked(chunks, _) => chunks.concat(),
        }
    }
}

/// Sends `request` with `body` in the place of its own. The body of the response to one in chunks is left in whatever coding
/// it has. `None` if the client went away.
pub async fn send(address: SocketAddr, request: &Request, body: &Body) -> anyhow::Result<Option<Response>> {
    let mut request = request.clone();
    match body {
        Body::None => http::send(address, &request).await.map(Some),
        Body::Measured(bytes) => {
            request.body.clone_from(bytes);
            if bytes.is_empty() {
                request = request.header("Content-Length", "0");
            }
            http::send(address, &request).await.map(Some)
        }
        Body::Chunked(chunks, ending) => {
            let request = request.header("Transfer-Encoding", "chunked");
            tokio::time::timeout(TIMEOUT, exchange(address, &request, chunks, *ending))
                .await
                .with_context(|| format!("an upload: no complete response within {TIMEOUT:?}"))?
        }
    }
}

async fn exchange(
    address: SocketAddr,
    request: &Request,
    chunks: &[Vec<u8>],
    ending: Ending,
) -> anyhow::Result<Option<Response>> {
    let stream =
        TcpStream::connect(address).await.with_context(|| format!("nothing listens on {address}"))?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    let (mut read, mut write) = stream.into_split();
    let upload = async {
        write.write_all(&request.wire(address)).await?;
        for chunk in chunks {
            write.write_all(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await?;
            tokio::time::sleep(PAUSE).await;
        }
        match ending {
            Ending::Complete => write.write_all(b"0\r\n\r\n").await,
            Ending::Trailer => write.write_all(b"0\r\nx-checksum: 1\r\n\r\n").await,
            Ending::Abort => Ok(()),
        }
    };
    if ending == Ending::Abort {
        upload.await.context("a body that was to break off later")?;
        return Ok(None);
    }
    let mut answer = Vec::new();
    // A server that refuses may stop reading, and what is still sent then resets the connection; what counts is what it
    // has answered before.
    let (_, _) = tokio::join!(upload, read.read_to_end(&mut answer));
    parse(&answer, start).map(Some).with_context(|| format!("no response to an upload: {answer:?}"))
}

fn parse(answer: &[u8], start: Instant) -> Option<Response> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (answer.get(..end)?, answer.get(end + 4..)?);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let took = start.elapsed();
    let chunks = vec![Chunk { at: took, bytes: Bytes::copy_from_slice(body) }];
    Some(Response { status, headers: lines.filter_map(pair).collect(), chunks, took })
}
