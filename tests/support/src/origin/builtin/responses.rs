//! Responses in the shapes AgentFlow 0.6.1 sends.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Why a request was not believed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Denied {
    NoToken,
    BadToken,
}

/// What the server answers on a route that asks for a token, to `user`.
pub(super) fn route(method: &str, path: &str, user: &str) -> Response<Body> {
    let said = format!("hello for {user}");
    match (method, path) {
        ("POST", "/v1/graph/invoke") => json(json!({"messages": [message(&said, false)]})),
        ("POST", "/v1/graph/stream") => stream(user),
        ("GET", "/v1/threads") => json(json!({"threads": []})),
        _ => match (method, path.strip_prefix("/v1/threads/")) {
            ("GET", Some(id)) if !id.contains('/') => json(json!({"thread_id": id})),
            ("DELETE", Some(id)) if !id.contains('/') => json(json!({"deleted": id})),
            _ => error(StatusCode::NOT_FOUND, "HTTPException", "Not Found"),
        },
    }
}

/// A result in its envelope.
pub(super) fn json(data: Value) -> Response<Body> {
    respond(StatusCode::OK, "application/json", json!({"data": data, "metadata": metadata("OK")}).to_string())
}

pub(super) fn docs() -> Response<Body> {
    respond(StatusCode::OK, "text/html; charset=utf-8", "<title>AgentFlow API</title>".to_owned())
}

/// The headers of every other response to a script: anybody may read it, as the server says out of the box, and one that
/// the server has reasons of its own for.
pub const SHARED: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("vary", "Accept-Encoding"),
];

/// Adds [`SHARED`].
pub(super) fn share(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in SHARED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The answer to a CORS preflight: anything goes, as the server does out of the box.
pub(super) fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = respond(StatusCode::OK, "text/plain; charset=utf-8", "OK".to_owned());
    let headers = response.headers_mut();
    let origin = asked.get(header::ORIGIN).cloned().unwrap_or(HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    );
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}

pub(super) fn unauthorised(denied: Denied) -> Response<Body> {
    let code = match denied {
        Denied::NoToken => "REVOKED_TOKEN",
        Denied::BadToken => "INVALID_TOKEN",
    };
    let mut response = error(StatusCode::UNAUTHORIZED, code, "Invalid token, please login again");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"auth_required\""));
    response
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = json!({
        "error": {"code": code, "message": message, "details": []},
        "metadata": metadata(message),
    });
    respond(status, "application/json", body.to_string())
}

/// Five words, one JSON object a line, with pauses in which a proxy that buffers would show.
fn stream(user: &str) -> Response<Body> {
    let words: Vec<String> =
        (1..=5).map(|count| format!("chunk-{count} ")).chain([format!("for {user}")]).collect();
    let lines = futures_util::stream::unfold(words.into_iter(), |mut words| async {
        let word = words.next()?;
        tokio::time::sleep(Duration::from_millis(30)).await;
        let line = format!("{}\n", json!({"event": "message", "message": message(&word, true)}));
        Some((Ok(Frame::data(Bytes::from(line))), words))
    });
    let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    response
}

fn message(text: &str, delta: bool) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}], "delta": delta})
}

fn metadata(message: &str) -> Value {
    json!({"request_id": "builtin", "timestamp": "2026-01-01T00:00:00", "message": message})
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
