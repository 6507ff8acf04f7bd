//! Listening, and failing.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Collected, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::answer::answer;
use super::fault::Fault;
use super::socket;
use super::state::{Arrival, BUNDLE, KEYS, METADATA, State, lock};

/// Stands for every path that has no fault of its own.
pub(super) const EVERYWHERE: &str = "*";

const JSON: &str = "application/json";
const TOO_LONG: usize = 10 * 1024 * 1024;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Ends the connection.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server is down")
    }
}

impl std::error::Error for Gone {}

/// Serves in a thread of its own, whose requests wait for nobody, until told to stop.
pub(super) fn start(
    state: Arc<Mutex<State>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(SocketAddr, JoinHandle<()>)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no port free for the issuer")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server = Server { state, issuer: format!("http://{address}").into() };
    let thread = thread::Builder::new().name("issuer".to_owned()).spawn(move || {
        runtime.block_on(async move {
            tokio::select! {
                () = serve(server, listener) => {}
                _ = stopped => {}
            }
        });
        runtime.shutdown_background();
    })?;
    Ok((address, thread))
}

async fn serve(server: Server, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let server = server.clone();
        let service = service_fn(move |request| {
            let server = server.clone();
            async move { server.respond(request).await }
        });
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
    }
}

#[derive(Clone)]
struct Server {
    state: Arc<Mutex<State>>,
    issuer: Arc<str>,
}

impl Server {
    async fn respond(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Gone> {
        let upgraded = socket::asked_for(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let fault = {
            let mut state = lock(&self.state);
            *state.requests.entry(path.to_owned()).or_default() += 1;
            state.faults.get(path).or_else(|| state.faults.get(EVERYWHERE)).copied()
        };
        match fault {
            Some(Fault::Down) => return Err(Gone),
            Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::Hanging) => std::future::pending().await,
            _ => {}
        }
        let redirected = head.uri.query() == Some("redirected");
        let fails = fault.filter(|_| !redirected);
        if path == BUNDLE {
            let bundle = lock(&self.state).bundle.clone();
            let mut response = answered(fails, path, StatusCode::OK, "application/jose", bundle);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=30"));
            return Ok(response);
        }
        if let (Some(upgraded), None) = (upgraded, fault) {
            let mut response = with_body(StatusCode::SWITCHING_PROTOCOLS, "", Full::default().boxed_unsync());
            socket::accept(&head.headers, response.headers_mut());
            tokio::spawn(socket::serve(upgraded, path.to_owned(), head.headers.clone()));
            return Ok(response);
        }
        let body = body.collect().await.map(Collected::to_bytes).ok();
        let (status, value) = {
            let mut state = lock(&self.state);
            if let Some(body) = &body {
                let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
                let arrival = Arrival {
                    method: head.method.to_string(),
                    target: head.uri.to_string(),
                    content_type: head.headers.get(CONTENT_TYPE).map(text),
                    body: body.to_vec(),
                };
                state.arrivals.insert(path.to_owned(), arrival);
            }
            let body = body.unwrap_or_default();
            answer(&state, &self.issuer, (head.method.as_str(), path), &head.headers, &body)
        };
        let value = match fails {
            Some(fault) => wrong(fault, path, value),
            None => value,
        };
        Ok(answered(fails, path, status, JSON, value.to_string()))
    }
}

/// A document of an issuer's with something wrong in it, where the fault is that.
fn wrong(fault: Fault, path: &str, mut value: Value) -> Value {
    match fault {
        Fault::WrongIssuer if path == METADATA => value["issuer"] = "https://somebody-else.example".into(),
        Fault::EmptySet if path == KEYS => return json!({"keys": []}),
        Fault::OneBadKey if path == KEYS => {
            if let Some(keys) = value["keys"].as_array_mut() {
                // No point of that curve.
                let zeros = "A".repeat(43);
                let bad = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "bad", "x": zeros, "y": zeros});
                keys.insert(0, bad);
            }
        }
        _ => {}
    }
    value
}

/// The answer as the fault, if there is one, makes it.
fn answered(
    fault: Option<Fault>,
    path: &str,
    status: StatusCode,
    kind: &'static str,
    mut text: String,
) -> Response<Body> {
    match fault {
        Some(Fault::Error) => {
            respond(StatusCode::INTERNAL_SERVER_ERROR, JSON, json!({"error": "failed"}).to_string())
        }
        Some(Fault::Stalling) => {
            let beginning = Bytes::from_static(b"{");
            let never = futures_util::stream::pending();
            let parts = futures_util::StreamExt::chain(
                futures_util::stream::iter([Ok(Frame::data(beginning))]),
                never,
            );
            with_body(status, kind, StreamBody::new(parts).boxed_unsync())
        }
        Some(Fault::Html) => {
            respond(StatusCode::OK, "text/html", "<!doctype html><title>Sign in</title>".to_owned())
        }
        Some(Fault::TooLong) => respond(status, kind, text + &" ".repeat(TOO_LONG)),
        Some(Fault::Redirect) => {
            let mut response = respond(StatusCode::FOUND, JSON, "{}".to_owned());
            if let Ok(place) = HeaderValue::try_from(format!("{path}?redirected")) {
                response.headers_mut().insert(LOCATION, place);
            }
            response
        }
        Some(Fault::BadJson) => {
            text.pop();
            respond(status, kind, text)
        }
        // Of the others, some are over by now, and some are in the text.
        _ => respond(status, kind, text),
    }
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    with_body(status, kind, Full::new(Bytes::from(body)).boxed_unsync())
}

fn with_body(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
