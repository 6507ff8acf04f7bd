//! RAG Modulo's error body, with the texts of its middleware and its handlers.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::context::{ErrorContext, json};
use crate::reason::RefusalKind;

#[derive(Serialize)]
struct Detail {
    detail: &'static str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let detail = match context.refusal.kind {
        RefusalKind::NoCredential => "Authentication required",
        RefusalKind::InvalidCredential => "Invalid authentication credentials",
        RefusalKind::ExpiredToken => "Token expired",
        RefusalKind::NotPermitted | RefusalKind::ScopeMissing => {
            "User is not authorized to access this resource"
        }
        RefusalKind::SeveralCredentials => "More than one credential was sent",
        RefusalKind::BadRequest => "Bad Request",
        RefusalKind::BodyTooLarge => "Request Entity Too Large",
        RefusalKind::RateLimited => "Too Many Requests",
        RefusalKind::Unavailable => "Service Unavailable",
        RefusalKind::OriginUnreachable => "Bad Gateway",
    };
    json(context, &Detail { detail })
}
