//! Problem details: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::context::ErrorContext;

#[derive(Serialize)]
struct Problem<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'p str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let status = context.refusal.status;
    let title = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        _ => "Service Unavailable",
    };
    let problem = Problem { r#type: "about:blank", title, status, request_id: context.request_id };
    let headers = Vec::from([("content-type".to_string(), "application/problem+json".to_string())]);
    (headers, serde_json::to_string(&problem).unwrap_or_default())
}
