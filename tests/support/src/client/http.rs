//! An HTTP/1.1 client for tests of a gate: it sends exactly the bytes it is given.
//!
//! Ordinary clients repair what they send: they fold `//`, join header lines and refuse bytes that are not allowed. An
//! attacker's client does not. The request is written here byte by byte; the response is read by hyper.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::verbatim::Verbatim;

/// Nothing here takes longer, not even a slow origin; a test that hangs should say where.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A request, byte by byte.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// Path and query.
    pub target: Vec<u8>,
    /// Header lines in order. `Host` is added if it is not among them, and, if there is a body, `Content-Length` or
    /// `Transfer-Encoding`.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// The length of the chunks the body is sent in, in bytes; none to send it with its length.
    pub chunks_of: Option<usize>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, target: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.into(),
            target: target.as_ref().to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
            chunks_of: None,
        }
    }

    /// The same with one more header line.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// The same with a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// The same with a body that is JSON.
    pub fn json(mut self, body: &str) -> Self {
        self.body = body.into();
        self.header("Content-Type", "application/json")
    }

    /// The bytes on the wire.
    pub(super) fn wire(&self, address: SocketAddr) -> Vec<u8> {
        let mut wire = self.method.clone();
        wire.push(b' ');
        wire.extend(&self.target);
        wire.extend(b" HTTP/1.1\r\n");
        let has = |wanted: &[u8]| self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !has(b"host") {
            wire.extend(format!("Host: {address}\r\n").bytes());
        }
        for (name, value) in &self.headers {
            wire.extend([name, b": ".as_slice(), value, b"\r\n"].concat());
        }
        match self.chunks_of {
            Some(_) if has(b"transfer-encoding") => {}
            Some(_) => wire.extend(b"Transfer-Encoding: chunked\r\n"),
            None if self.body.is_empty() || has(b"content-length") => {}
            None => wire.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes()),
        }
        wire.extend(b"Connection: close\r\n\r\n");
        let Some(length) = self.chunks_of else { return [wire, self.body.clone()].concat() };
        for chunk in self.body.chunks(length.max(1)) {
            wire.extend(format!("{:x}\r\n", chunk.len()).bytes());
            wire.extend(chunk);
            wire.extend(b"\r\n");
        }
        wire.extend(b"0\r\n\r\n");
        wire
    }
}

/// A piece of a response's body.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// When it arrived, counted from the moment the request was sent.
    pub at: Duration,
    /// The bytes.
    pub bytes: Bytes,
}

/// A response, complete.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, in the pieces that it came in.
    pub chunks: Vec<Chunk>,
    /// From sending the request to the last byte.
    pub took: Duration,
}

impl Response {
    /// The value of the header `name`, which must be given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        let body: Vec<u8> = self.chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
        String::from_utf8_lossy(&body).into_owned()
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }
}

/// Sends `request` on a connection of its own and reads the whole response.
pub async fn send(address: SocketAddr, request: &Request) -> anyhow::Result<Response> {
    let what = || {
        format!("{} {}", String::from_utf8_lossy(&request.method), String::from_utf8_lossy(&request.target))
    };
    tokio::time::timeout(TIMEOUT, exchange(address, request))
        .await
        .with_context(|| format!("{}: no complete response within {TIMEOUT:?}", what()))?
        .with_context(what)
}

async fn exchange(address: SocketAddr, request: &Request) -> anyhow::Result<Response> {
    let stream =
        TcpStream::connect(address).await.with_context(|| format!("nothing listens on {address}"))?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    let io = TokioIo::new(Verbatim::new(stream, request.wire(address)));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    let connection = tokio::spawn(connection);
    // What hyper believes it sends never reaches the wire; only the method matters, for how the response ends.
    let method = hyper::Method::from_bytes(&request.method).unwrap_or(hyper::Method::GET);
    let stand_in = hyper::Request::builder().method(method).uri("/").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(stand_in).await?;

    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut body = response.into_body();
    let mut chunks = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            chunks.push(Chunk { at: start.elapsed(), bytes });
        }
    }
    let took = start.elapsed();
    connection.abort();
    Ok(Response { status, headers, chunks, took })
}
