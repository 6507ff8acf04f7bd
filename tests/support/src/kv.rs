//! A server on loopback that speaks as much of the protocol of Workers KV as workerd does: `GET /<key>?urlencoded=true`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What a key holds.
#[derive(Debug, Clone)]
pub enum Stored {
    /// A value.
    Text(String),
    /// Nobody can say: the server fails.
    Failure,
}

/// A namespace, served as long as its runtime runs.
#[derive(Debug)]
pub struct Namespace {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Namespace {
    /// Serves `values`, by key. What is not there has no value.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn serve(values: BTreeMap<String, Stored>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port on 127.0.0.1")?;
        let namespace = Self { address: listener.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&namespace.asked);
        let values = Arc::new(values);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (values, asked) = (Arc::clone(&values), Arc::clone(&asked));
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let path = request.uri().path().trim_start_matches('/');
                    let key = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
                    let stored = values.get(&key).cloned();
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(key);
                    async move { Ok::<_, Infallible>(answer(stored)) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(namespace)
    }

    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The keys that it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(stored: Option<Stored>) -> Response<Full<Bytes>> {
    let (status, body) = match stored {
        Some(Stored::Text(text)) => (StatusCode::OK, text),
        Some(Stored::Failure) => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        None => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
