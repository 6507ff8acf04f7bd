//! A small server that behaves like AgentFlow: it checks the token it gets, answers in AgentFlow's shapes, and keeps
//! what reached it for inspection.

mod responses;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, ORIGIN};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jwt_simple::prelude::{Duration, HS256Key, MACLike as _, VerificationOptions};
use serde_json::Value;
use tokio::net::TcpListener;

pub use responses::SHARED;
use responses::{Body, Denied};

/// More than the gate lets through, so that it is never this server that refuses.
const MAX_HEADERS: usize = 2048;

/// A request as the origin saw it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `user_id` and roles, if the request carried a token this origin believes.
    pub identity: Option<(String, Vec<String>)>,
    /// The body, once all of it has come.
    pub body: Option<Bytes>,
}

impl Arrival {
    /// The values of the header `name`, which must be given in lower case.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server. It runs until the runtime it was started on ends.
#[derive(Debug)]
pub struct Builtin {
    address: SocketAddr,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Builtin {
    /// Starts the server on a free port of the loopback interface.
    pub async fn start(secret: &str) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.context("no port free for the built-in origin")?;
        let address = listener.local_addr()?;
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let server = Server { secret: secret.into(), arrivals: Arc::clone(&arrivals) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let service = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                // A client that goes away early is no concern of this server.
                let connection = hyper::server::conn::http1::Builder::new()
                    .max_headers(MAX_HEADERS)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Ok(Self { address, arrivals })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that has reached the server so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.arrivals).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds this lock can panic halfway through a change.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[derive(Clone)]
struct Server {
    secret: Arc<str>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Server {
    async fn answer(&self, request: hyper::Request<Incoming>) -> hyper::Response<Body> {
        let (head, body) = request.into_parts();
        let identity = match head.headers.get(AUTHORIZATION) {
            None => Err(Denied::NoToken),
            Some(value) => self.identify(value.as_bytes()).ok_or(Denied::BadToken),
        };
        let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let arrival = Arrival {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: head.headers.iter().map(header).collect(),
            identity: identity.clone().ok(),
            body: None,
        };
        let number = {
            let mut arrivals = lock(&self.arrivals);
            arrivals.push(arrival);
            arrivals.len() - 1
        };
        // The answer does not depend on it, but a body that is not read would reset the connection.
        let body = body.collect().await.ok().map(http_body_util::Collected::to_bytes);
        if let Some(arrival) = lock(&self.arrivals).get_mut(number) {
            arrival.body = body;
        }

        let response = match (head.method.as_str(), head.uri.path()) {
            ("OPTIONS", _) => responses::preflight(&head.headers),
            ("GET", "/ping") => responses::json("pong".into()),
            ("GET", "/docs") => responses::docs(),
            (method, path) => match identity {
                Ok((user, _)) => responses::route(method, path, &user),
                Err(denied) => responses::unauthorised(denied),
            },
        };
        let from_script = head.method != "OPTIONS" && head.headers.contains_key(ORIGIN);
        if from_script { responses::share(response) } else { response }
    }

    /// Who presents this `Authorization` value: AgentFlow's own rules, as observed.
    fn identify(&self, authorization: &[u8]) -> Option<(String, Vec<String>)> {
        let token = std::str::from_utf8(authorization).ok()?.strip_prefix("Bearer ")?;
        // AgentFlow allows no leeway; this library would allow 15 minutes.
        let options =
            VerificationOptions { time_tolerance: Some(Duration::from_secs(0)), ..Default::default() };
        let key = HS256Key::from_bytes(self.secret.as_bytes());
        let claims = key.verify_token::<Value>(token, Some(options)).ok()?;
        claims.expires_at?;
        let user = claims.custom.get("user_id")?.as_str()?.to_owned();
        let roles = match claims.custom.get("roles").or_else(|| claims.custom.get("role")) {
            Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(role)) => vec![role.clone()],
            _ => Vec::new(),
        };
        Some((user, roles))
    }
}
