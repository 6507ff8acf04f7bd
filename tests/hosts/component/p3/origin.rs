//! An origin that sends and takes long bodies, events one at a time, and trailers, and can keep requests until many have come.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRAILER};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Barrier, Semaphore};

/// How long a long body is, in bytes: 64 MB, and an odd end.
pub(super) const LONG: usize = 64 * 1024 * 1024 + 7;
/// How many events there are.
pub(super) const EVENTS: usize = 5;
/// How many requests are kept until the last of them has come.
pub(super) const TOGETHER: usize = 16;
/// A trailer, in both directions.
pub(super) const CHECKSUM: &str = "x-checksum";
/// The length of the pieces in which a long body goes out.
const PIECE: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The origin. It runs until the runtime it was started on ends.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    arrivals: AtomicUsize,
    /// A permit for each event that may be sent.
    events: Semaphore,
    together: Barrier,
}

impl Origin {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port free for an origin")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            arrivals: AtomicUsize::new(0),
            events: Semaphore::new(0),
            together: Barrier::new(TOGETHER),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(Self { address, state })
    }

    /// How many requests have come.
    pub(super) fn arrivals(&self) -> usize {
        self.state.arrivals.load(Ordering::SeqCst)
    }

    /// Lets the next event go out.
    pub(super) fn release_event(&self) {
        self.state.events.add_permits(1);
    }
}

/// The bytes of a long body from `offset` on, `length` of them: no two stretches that could be taken for each other.
pub(super) fn pattern(offset: usize, length: usize) -> Vec<u8> {
    (offset..offset + length).map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8).collect()
}

async fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    state.arrivals.fetch_add(1, Ordering::SeqCst);
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/download/measured" => {
            let mut response = Response::new(download());
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(LONG));
            response
        }
        "/download/chunked" => Response::new(download()),
        "/upload" => json_body(upload(request.into_body()).await),
        "/events" => events(state),
        "/trailers" => trailers(request.into_body()).await,
        _ => mine(state, request).await,
    }
}

fn download() -> Body {
    let pieces = (0..LONG).step_by(PIECE).map(|offset| {
        let piece = pattern(offset, PIECE.min(LONG - offset));
        Ok(Frame::data(Bytes::from(piece)))
    });
    StreamBody::new(stream::iter(pieces)).boxed_unsync()
}

/// What has arrived of a long body: how much, and whether it is what was sent.
async fn upload(mut body: Incoming) -> serde_json::Value {
    let (mut bytes, mut intact) = (0, true);
    let announced = body.size_hint().exact();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => {
                intact &= data == pattern(bytes, data.len());
                bytes += data.len();
            }
            Ok(Err(_)) => {}
            Err(_) => return json!({"bytes": bytes, "intact": false}),
        }
    }
    json!({"bytes": bytes, "intact": intact, "announced": announced})
}

fn events(state: &Arc<State>) -> Response<Body> {
    let events = stream::unfold((Arc::clone(state), 0), |(state, sent)| async move {
        if sent == EVENTS {
            return None;
        }
        state.events.acquire().await.ok()?.forget();
        let event = Bytes::from(format!("data: {sent}\n\n"));
        Some((Ok(Frame::data(event)), (state, sent + 1)))
    });
    let mut response = Response::new(StreamBody::new(events).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// Sends the trailer of the request back, as a trailer and in the body.
async fn trailers(body: Incoming) -> Response<Body> {
    let collected = body.collect().await.ok();
    let received = collected.and_then(|body| body.trailers()?.get(CHECKSUM).cloned());
    let received = received.unwrap_or(HeaderValue::from_static("none"));
    let data = Bytes::from([b"received ", received.as_bytes()].concat());
    let mut trailers = HeaderMap::new();
    trailers.insert(CHECKSUM, received);
    let frames = stream::iter([Ok(Frame::data(data)), Ok(Frame::trailers(trailers))]);
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(TRAILER, HeaderValue::from_static(CHECKSUM));
    response
}

/// Who asks, as the gate says, and the body, once [`TOGETHER`] requests are here.
async fn mine(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let subject = request.headers().get("x-auth-subject").cloned();
    let id = request.headers().get("x-request-id").cloned();
    let body = request.into_body().collect().await.ok().map(http_body_util::Collected::to_bytes);
    state.together.wait().await;
    let text = |value: Option<HeaderValue>| value.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    json_body(json!({
        "subject": text(subject),
        "request_id": text(id),
        "body": body.map(|body| String::from_utf8_lossy(&body).into_owned()),
    }))
}

fn json_body(value: serde_json::Value) -> Response<Body> {
    Response::new(Full::new(Bytes::from(value.to_string())).boxed_unsync())
}
