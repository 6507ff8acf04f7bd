//! A server on loopback that speaks as much of the protocol of Workers KV as is used of it: `GET /<key>?urlencoded=true`, and
//! `POST /bulk/get` with a list of keys.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
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
                    let (values, asked) = (Arc::clone(&values), Arc::clone(&asked));
                    async move {
                        let (keys, is_bulk) = keys(request).await;
                        let stored: Vec<_> = keys.iter().map(|key| values.get(key).cloned()).collect();
                        asked.lock().unwrap_or_else(PoisonError::into_inner).extend(keys.iter().cloned());
                        Ok::<_, Infallible>(if is_bulk {
                            bulk_answer(keys, stored)
                        } else {
                            answer(stored.into_iter().next().flatten())
                        })
                    }
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

/// The keys that are asked for, and whether there may be several.
async fn keys(request: hyper::Request<Incoming>) -> (Vec<String>, bool) {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if request.method() != Method::POST {
        return (vec![percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned()], false);
    }
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let keys = serde_json::from_slice::<Bulk>(&body).map(|bulk| bulk.keys).unwrap_or_default();
    (keys, true)
}

#[derive(Deserialize)]
struct Bulk {
    keys: Vec<String>,
}

/// An object with the value of each key, `null` where there is none.
fn bulk_answer(keys: Vec<String>, stored: Vec<Option<Stored>>) -> Response<Full<Bytes>> {
    let mut values = serde_json::Map::new();
    for (key, stored) in keys.into_iter().zip(stored) {
        let value = match stored {
            Some(Stored::Text(text)) => Value::String(text),
            Some(Stored::Failure) => return answer(Some(Stored::Failure)),
            None => Value::Null,
        };
        values.insert(key, value);
    }
    answer(Some(Stored::Text(Value::Object(values).to_string())))
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
