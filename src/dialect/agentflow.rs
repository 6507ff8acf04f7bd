//! AgentFlow's error envelope, with the codes and texts its servers send and its client maps.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::context::ErrorContext;
use crate::reason::RefusalKind;

#[derive(Serialize)]
struct Envelope<'e> {
    error: ErrorPart<'e>,
    metadata: Metadata<'e>,
}

#[derive(Serialize)]
struct ErrorPart<'e> {
    code: &'static str,
    message: &'e str,
    details: [(); 0],
}

#[derive(Serialize)]
struct Metadata<'e> {
    request_id: &'e str,
    timestamp: &'e str,
    message: &'e str,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let (code, message) = text(context);
    // The servers write the date-time without a zone.
    let timestamp = context.now.to_rfc3339();
    let timestamp = timestamp.trim_end_matches('Z');
    let envelope = Envelope {
        error: ErrorPart { code, message: &message, details: [] },
        metadata: Metadata { request_id: context.request_id, timestamp, message: &message },
    };
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", context.request_id),
        ("x-timestamp", timestamp),
    ];
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    (headers, serde_json::to_string(&envelope).unwrap_or_default())
}

fn text(context: &ErrorContext<'_>) -> (&'static str, String) {
    let (code, message) = match (context.refusal.kind, context.permission) {
        (RefusalKind::NoCredential, _) => ("REVOKED_TOKEN", "Invalid token, please login again"),
        (RefusalKind::InvalidCredential, _) => ("INVALID_TOKEN", "Invalid token, please login again"),
        (RefusalKind::ExpiredToken, _) => ("EXPIRED_TOKEN", "Token has expired, please login again"),
        (RefusalKind::NotPermitted, Some(permission)) => {
            let message = format!("Not authorized to {} {}", permission.action(), permission.resource());
            return ("HTTPException", message);
        }
        (RefusalKind::ScopeMissing, Some(permission)) => {
            return ("HTTPException", format!("Missing required scope: {permission}"));
        }
        (RefusalKind::NotPermitted | RefusalKind::ScopeMissing, None) => ("HTTPException", "Forbidden"),
        (RefusalKind::BadRequest, _) => ("HTTPException", "Bad Request"),
        (RefusalKind::BodyTooLarge, _) => ("HTTPException", "Request Entity Too Large"),
        (RefusalKind::SeveralCredentials, _) => ("HTTPException", "More than one credential was sent"),
        (RefusalKind::RateLimited, _) => ("HTTPException", "Too Many Requests"),
        (RefusalKind::Unavailable, _) => ("HTTPException", "Service Unavailable"),
        (RefusalKind::OriginUnreachable, _) => ("HTTPException", "Bad Gateway"),
    };
    (code, message.to_string())
}
