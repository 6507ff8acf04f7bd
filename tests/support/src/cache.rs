//! A cache on loopback that speaks as much of workerd's protocol for the Cache API as is used of it: `GET`, answered with
//! `CF-Cache-Status`, and `PUT` of a whole response. It keeps everything for ever, and others may write in it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::patience::PATIENCE;
use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What a response begins with, before its body.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// How a cache answers.
#[derive(Debug, Clone, Default)]
pub enum CacheMode {
    /// With what it has.
    #[default]
    Serve,
    /// With this, whatever is looked for.
    Instead(String),
    /// With 500, to everything.
    Fail,
    /// Not at all.
    Hang,
}

/// A cache, served as long as its runtime runs.
#[derive(Debug)]
pub struct SharedCache {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    mode: CacheMode,
    entries: BTreeMap<String, String>,
    looks: Vec<String>,
    puts: usize,
}

impl SharedCache {
    /// Serves an empty one.
    ///
    /// # Errors
    ///
    /// If there is no port to listen on.
    pub async fn serve() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port on 127.0.0.1")?;
        let cache = Self { address: listener.local_addr()?, state: Arc::default() };
        let state = Arc::clone(&cache.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                let service = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(cache)
    }

    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from now on.
    pub fn set_mode(&self, mode: CacheMode) {
        self.state().mode = mode;
    }

    /// What it has, by host name and path.
    pub fn entries(&self) -> BTreeMap<String, String> {
        self.state().entries.clone()
    }

    /// What it has once there were `puts` in all, or enough time has passed.
    pub fn entries_after(&self, puts: usize) -> BTreeMap<String, String> {
        self.wait_for(|state| (state.puts >= puts).then_some(()));
        self.entries()
    }

    /// The name and text of an entry under a name that `before` does not have, as soon as there is one. None if enough time
    /// has passed.
    pub fn new_entry(&self, before: &BTreeMap<String, String>) -> Option<(String, String)> {
        self.wait_for(|state| {
            let mut new = state.entries.iter().filter(|(name, _)| !before.contains_key(*name));
            new.next().map(|(name, text)| (name.clone(), text.clone()))
        })
    }

    /// What `look` finds, as soon as it finds something. None if enough time has passed.
    fn wait_for<T>(&self, look: impl Fn(&State) -> Option<T>) -> Option<T> {
        let started = Instant::now();
        loop {
            let found = look(&self.state());
            if found.is_some() || started.elapsed() >= PATIENCE {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Writes into it, as others may.
    pub fn write(&self, name: &str, text: impl Into<String>) {
        self.state().entries.insert(name.to_owned(), text.into());
    }

    /// What was looked for, in order.
    pub fn looks(&self) -> Vec<String> {
        self.state().looks.clone()
    }

    /// How often something was put there.
    pub fn puts(&self) -> usize {
        self.state().puts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(state: &Mutex<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = format!("{host}{}", request.uri().path());
    let mode = lock(state).mode.clone();
    if request.method() == Method::GET {
        lock(state).looks.push(name.clone());
    }
    match mode {
        CacheMode::Hang => core::future::pending().await,
        CacheMode::Fail => status(StatusCode::INTERNAL_SERVER_ERROR),
        CacheMode::Serve | CacheMode::Instead(_) if request.method() == Method::PUT => {
            let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let at = body.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD);
            let text = at.and_then(|at| body.get(at.saturating_add(END_OF_HEAD.len())..)).unwrap_or_default();
            let mut state = lock(state);
            state.entries.insert(name, String::from_utf8_lossy(text).into_owned());
            state.puts = state.puts.saturating_add(1);
            status(StatusCode::NO_CONTENT)
        }
        CacheMode::Serve => found(lock(state).entries.get(&name).cloned()),
        CacheMode::Instead(text) => found(Some(text)),
    }
}

fn found(text: Option<String>) -> Response<Full<Bytes>> {
    let (code, told) = match text {
        Some(_) => (StatusCode::OK, "HIT"),
        None => (StatusCode::GATEWAY_TIMEOUT, "MISS"),
    };
    let mut response = Response::new(Full::new(Bytes::from(text.unwrap_or_default())));
    *response.status_mut() = code;
    response.headers_mut().insert("cf-cache-status", HeaderValue::from_static(told));
    response
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}
