//! RAGFlow's envelope. Its web page and its Python client go by `code`, whatever the HTTP status: it is the status.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::context::{ErrorContext, json};
use crate::reason::RefusalKind;

/// What stands behind `/api/v1/` on the routes of the SDK of 0.24.0, which look for an API key by themselves. Its other
/// routes there refuse as its pages' do, or as links to shared bots do.
const SDK_OF_0_24: [&str; 10] = [
    "agents",
    "agents_openai",
    "chats",
    "chats_openai",
    "datasets",
    "file",
    "retrieval",
    "sequence2txt",
    "sessions",
    "tts",
];

#[derive(Serialize)]
struct Envelope {
    code: u16,
    /// `null`, or `false`.
    data: Option<bool>,
    message: &'static str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    envelope(context, None, message(context.refusal.kind))
}

pub(super) fn body_of_0_24(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let kind = context.refusal.kind;
    if !context.path.is_some_and(is_of_sdk) {
        return envelope(context, None, message(kind));
    }
    // As the server itself writes it.
    let message = match kind {
        RefusalKind::NoCredential => "`Authorization` can't be empty",
        RefusalKind::InvalidCredential => "Authentication error: API key is invalid!",
        _ => message(kind),
    };
    envelope(context, Some(false), message)
}

fn is_of_sdk(path: &str) -> bool {
    let below = path.strip_prefix("/api/v1/").and_then(|below| below.split('/').next());
    below.is_some_and(|first| SDK_OF_0_24.contains(&first))
}

fn message(kind: RefusalKind) -> &'static str {
    match kind {
        // As the server itself writes it.
        RefusalKind::NoCredential | RefusalKind::InvalidCredential => "<Unauthorized '401: Unauthorized'>",
        RefusalKind::ExpiredToken => "Token expired",
        RefusalKind::NotPermitted | RefusalKind::ScopeMissing => "No authorization.",
        RefusalKind::SeveralCredentials => "More than one credential was sent",
        RefusalKind::BadRequest => "Bad Request",
        RefusalKind::BodyTooLarge => "Request Entity Too Large",
        RefusalKind::RateLimited => "Too Many Requests",
        RefusalKind::Unavailable => "Service Unavailable",
        RefusalKind::OriginUnreachable => "Bad Gateway",
    }
}

fn envelope(
    context: &ErrorContext<'_>,
    data: Option<bool>,
    message: &'static str,
) -> (Vec<(String, String)>, String) {
    json(context, &Envelope { code: context.refusal.status, data, message })
}
