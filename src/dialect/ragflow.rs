//! RAGFlow's envelope. Its web page and its Python client go by `code`, whatever the HTTP status: it is the status.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::context::{ErrorContext, json};
use crate::reason::RefusalKind;

#[derive(Serialize)]
struct Envelope {
    code: u16,
    data: (),
    message: &'static str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let message = match context.refusal.kind {
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
    };
    json(context, &Envelope { code: context.refusal.status, data: (), message })
}
