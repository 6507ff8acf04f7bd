//! AgentFlow's error envelope, with the codes and texts its servers send and its client maps.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::Telling;
use crate::challenge::Told;

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

pub(super) fn body(telling: &Telling<'_>) -> (Vec<(String, String)>, String) {
    let (code, message) = text(telling);
    // The servers write the date-time without a zone.
    let timestamp = telling.now.to_rfc3339();
    let timestamp = timestamp.trim_end_matches('Z');
    let envelope = Envelope {
        error: ErrorPart { code, message: &message, details: [] },
        metadata: Metadata { request_id: telling.request_id, timestamp, message: &message },
    };
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", telling.request_id),
        ("x-timestamp", timestamp),
    ];
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    (headers, serde_json::to_string(&envelope).unwrap_or_default())
}

fn text(telling: &Telling<'_>) -> (&'static str, String) {
    let (code, message) = match (telling.refusal.told, telling.permission) {
        (Told::NoCredential, _) => ("REVOKED_TOKEN", "Invalid token, please login again"),
        (Told::InvalidCredential, _) => ("INVALID_TOKEN", "Invalid token, please login again"),
        (Told::ExpiredToken, _) => ("EXPIRED_TOKEN", "Token has expired, please login again"),
        (Told::NotPermitted, Some(permission)) => {
            let message = format!("Not authorized to {} {}", permission.action(), permission.resource());
            return ("HTTPException", message);
        }
        (Told::ScopeMissing, Some(permission)) => {
            return ("HTTPException", format!("Missing required scope: {permission}"));
        }
        (Told::NotPermitted | Told::ScopeMissing, None) => ("HTTPException", "Forbidden"),
        (Told::BadRequest, _) => ("HTTPException", "Bad Request"),
        (Told::BodyTooLarge, _) => ("HTTPException", "Request Entity Too Large"),
        (Told::SeveralCredentials, _) => ("HTTPException", "More than one credential was sent"),
        (Told::Unavailable, _) => ("HTTPException", "Service Unavailable"),
        (Told::OriginUnreachable, _) => ("HTTPException", "Bad Gateway"),
    };
    (code, message.to_string())
}
