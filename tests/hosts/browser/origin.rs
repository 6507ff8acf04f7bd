//! Two origin servers as browsers find them, and servers of pages.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// How a server treats cross-origin requests by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// RAG Modulo: its authentication comes before its CORS layer, so a preflight is 401, and nothing is shared with the
    /// origins of others.
    RagModulo,
    /// AgentFlow (Starlette with `allow_origins=["*"]` and `allow_credentials=True`): shares with everybody, and with the
    /// very origin where there is a cookie.
    AgentFlow,
    /// No API: a page of another site. Under `/sandboxed`, one in a sandbox.
    Page,
}

/// A server on loopback. It runs until the runtime it was started on ends.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The method and target of each request that arrived, and whether it had a cookie.
    arrivals: Arc<Mutex<Vec<(String, String, bool)>>>,
}

impl Server {
    pub(crate) async fn start(kind: Kind) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrivals);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let service = service_fn(move |request: Request<Incoming>| {
                    let arrival =
                        (request.method().to_string(), request.uri().to_string(), has(&request, "cookie"));
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
                    let response = kind.answer(&request);
                    async move {
                        // As the real ones do. A server that closes the connection on a body it has not read may take its
                        // own answer back by that (RFC 9112 section 9.6), whoever has sent the request.
                        drop(request.into_body().collect().await);
                        Ok::<_, Infallible>(response)
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, arrivals })
    }

    /// `http://` and the address: as an origin, and as the beginning of a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The methods of the requests that arrived with `mark` in their target, and whether one had a cookie.
    pub(crate) fn arrived(&self, mark: &str) -> (Vec<String>, bool) {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let own: Vec<_> = arrivals.iter().filter(|(_, target, _)| target.contains(mark)).collect();
        (own.iter().map(|(method, ..)| method.clone()).collect(), own.iter().any(|(.., cookie)| *cookie))
    }
}

fn has(request: &Request<Incoming>, name: &str) -> bool {
    request.headers().contains_key(name)
}

impl Kind {
    fn answer(self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match self {
            Self::Page => page(request.uri().path()),
            Self::RagModulo if is_open(request) || has(request, "authorization") => ok(),
            Self::RagModulo => respond(StatusCode::UNAUTHORIZED, r#"{"detail":"Authentication required"}"#),
            Self::AgentFlow => shared_with_everybody(request),
        }
    }
}

fn is_open(request: &Request<Incoming>) -> bool {
    request.method() != "OPTIONS" && request.uri().path() == "/open"
}

fn ok() -> Response<Full<Bytes>> {
    let mut response = respond(StatusCode::OK, r#"{"data":"secret"}"#);
    response.headers_mut().insert("x-total", HeaderValue::from_static("1"));
    response
}

fn shared_with_everybody(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = ok();
    let Some(origin) = request.headers().get("origin") else { return response };
    let cookie = has(request, "cookie");
    let mut set = |name: &'static str, value: HeaderValue| {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    };
    let everybody = HeaderValue::from_static("*");
    let is_preflight = request.method() == "OPTIONS";
    set("access-control-allow-origin", if cookie || is_preflight { origin.clone() } else { everybody });
    set("access-control-allow-credentials", HeaderValue::from_static("true"));
    if is_preflight {
        set("access-control-allow-methods", HeaderValue::from_static("DELETE, GET, POST"));
        if let Some(names) = request.headers().get("access-control-request-headers") {
            set("access-control-allow-headers", names.clone());
        }
    }
    response
}

fn page(path: &str) -> Response<Full<Bytes>> {
    let mut response = respond(StatusCode::OK, "<!doctype html><title>page</title>");
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    if path == "/sandboxed" {
        let sandbox = HeaderValue::from_static("sandbox allow-scripts");
        response.headers_mut().insert("content-security-policy", sandbox);
    }
    response
}

fn respond(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
