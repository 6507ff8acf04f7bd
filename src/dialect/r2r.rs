//! R2R's error body. Its JavaScript client refreshes a token, once, where the message speaks of credentials or an
//! invalid token, or the code is `TOKEN_EXPIRED`: a refusal that a new token would not fix says neither.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::context::{ErrorContext, json};
use crate::reason::RefusalKind;

#[derive(Serialize)]
struct Exception {
    message: &'static str,
    error_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
}

pub(super) fn body(context: &ErrorContext<'_>) -> (Vec<(String, String)>, String) {
    let kind = context.refusal.kind;
    let message = match kind {
        RefusalKind::NoCredential => "No credentials provided.",
        RefusalKind::InvalidCredential => "Invalid token or API key",
        RefusalKind::ExpiredToken => "Invalid token: token expired",
        RefusalKind::NotPermitted => "Insufficient permissions for this action.",
        RefusalKind::ScopeMissing => "Insufficient scope for this action.",
        RefusalKind::SeveralCredentials => "Cannot have both Bearer token and API key",
        RefusalKind::BadRequest => "Bad Request",
        RefusalKind::BodyTooLarge => "Request Entity Too Large",
        RefusalKind::RateLimited => "Too Many Requests",
        RefusalKind::Unavailable => "Service Unavailable",
        RefusalKind::OriginUnreachable => "Bad Gateway",
    };
    let error_code = (kind == RefusalKind::ExpiredToken).then_some("TOKEN_EXPIRED");
    json(context, &Exception { message, error_type: "R2RException", error_code })
}
